"""``python -m tests.golden.rewrite``: write the table anew, print what moved."""

from tests.golden.table import PATH, compute, moved, read

if __name__ == "__main__":
    new = compute()
    if PATH.exists():
        old = read()
        change = moved(old, new)
        print("nothing moved" if change.empty else f"moved, in percent:\n{change.round(3).to_string(na_rep='')}")
        print(f"new rows: {len(new.index.difference(old.index))}, gone: {len(old.index.difference(new.index))}")
    new.to_csv(PATH, float_format="%.12g")
