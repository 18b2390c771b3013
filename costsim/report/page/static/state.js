// What the reader has set stands in the address: every named control that is not as it was, and the op that was picked.
class State {
  constructor(extra) {
    this.extra = extra; // name -> {get, set} of what is no form control
    this.controls = [...document.querySelectorAll("[name]:is(input, select)")];
    for (const event of ["input", "change", "reset", "filtered"]) document.addEventListener(event, () => setTimeout(() => this.write()), true);
  }

  static differs(control) {
    if (control.type === "checkbox") return control.checked;
    if (control.type === "radio") return control.checked && !control.defaultChecked;
    if (control.options) return ![...control.options].some((option) => option.selected && option.defaultSelected) && control.selectedIndex > 0;
    return control.value !== control.defaultValue;
  }

  write() {
    if (this.reading || location.protocol === "about:") return; // a frame in a notebook has no address of its own
    const said = new URLSearchParams();
    for (const control of this.controls) if (State.differs(control)) said.append(control.name, control.value);
    for (const [name, { get }] of Object.entries(this.extra)) { const value = get(); if (value !== undefined) said.set(name, value); }
    const text = String(said);
    if (text || location.hash.includes("=")) history.replaceState(null, "", text ? `#${text}` : "#");
  }

  read() {
    if (!location.hash.includes("=")) return;
    this.reading = true;
    const said = new URLSearchParams(location.hash.slice(1));
    for (const control of this.controls) {
      const values = said.getAll(control.name);
      if (!values.length) continue;
      if (control.type === "checkbox" || control.type === "radio") control.checked = values.includes(control.value);
      else control.value = values[0];
      control.dispatchEvent(new Event("input", { bubbles: true }));
      control.dispatchEvent(new Event("change", { bubbles: true }));
    }
    for (const [name, { set }] of Object.entries(this.extra)) if (said.has(name)) set(said.get(name));
    this.reading = false;
  }
}
