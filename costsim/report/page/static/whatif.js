// The what-if panel: looks the chosen combination up in what was computed beforehand.
function whatIf(form, { variants }) {
  const milliseconds = (ms) => ms >= 1 || ms === 0 ? `${Number(ms.toPrecision(3))} ms` : `${Number((ms * 1e3).toPrecision(3))} us`;
  const chosen = (name) => [...form.querySelectorAll(`[name=${name}]:checked`)].map((input) => Number(input.value));

  function latency(variant, ceilings, overheads) {
    const mask = ceilings.reduce((bits, bit) => bits | 1 << bit, 0);
    return variant.overheads_ms.reduce((sum, ms, i) => overheads.includes(i) ? sum : sum + ms, variant.ceilings_ms[mask] + variant.rest_ms);
  }

  const before = latency(variants[0], [], []);
  function show() {
    const after = latency(variants[chosen("variant")[0]], chosen("ceiling"), chosen("overhead"));
    const change = after === before ? "as it is" : `${(before / after).toPrecision(3)} x as fast, ${milliseconds(Math.abs(before - after))} ${after < before ? "less" : "more"}`;
    const answer = form.querySelector(".answer");
    answer.querySelector("strong").textContent = milliseconds(after);
    answer.querySelector("span").textContent = change;
    const most = Math.max(before, after) || 1, [first, second] = form.querySelectorAll(".versus i");
    first.style.width = `${100 * before / most}%`;
    second.style.width = `${100 * after / most}%`;
  }
  form.addEventListener("input", show);
  form.addEventListener("reset", () => setTimeout(show));
}
