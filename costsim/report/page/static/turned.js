// Sliders over a grid of settings that were priced beforehand: looked up, never interpolated.
class Turned {
  constructor(form, grid, time) {
    this.form = form; this.grid = grid; this.time = time;
    this.sliders = [...form.querySelectorAll("input[type=range]")];
    this.last = 0;
    this.sliders.forEach((slider, i) => slider.addEventListener("input", () => { this.last = i; this.show(); }));
    form.addEventListener("reset", () => setTimeout(() => this.show()));
    form.addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("copy").addEventListener("click", () => this.copy());
    this.show();
  }

  places() { return this.sliders.map((slider) => slider.valueAsNumber); }

  // Points lie in the order of the choices, the last one fastest.
  at(places) { return places.reduce((point, place, i) => point * this.grid.choices[i].texts.length + place, 0); }

  show() {
    const { choices, latency_ms, bound, limits } = this.grid, places = this.places(), point = this.at(places);
    this.sliders.forEach((slider, i) => {
      const text = choices[i].texts[places[i]];
      slider.setAttribute("aria-valuetext", text);
      slider.nextElementSibling.value = text;
    });
    const before = latency_ms[this.at(choices.map((choice) => choice.own))], after = latency_ms[point];
    const answer = document.getElementById("turned");
    answer.querySelector("strong").textContent = after === null ? "does not fit" : this.time(after);
    answer.querySelector("span").textContent = after === null ? "or cannot be built so" :
      `bound by ${limits[bound[point]]}, ${after === before ? "as it is" : after < before ? `${(before / after).toPrecision(3)} x as fast` : `${(after / before).toPrecision(3)} x as long`}`;
    document.getElementById("turned-interval").textContent = after === null ? "" : this.interval(point);
    this.drawShares(this.grid.shares[this.grid.shares_of[point]]);
    document.getElementById("turned-command").textContent = this.command(places);
    this.draw();
  }

  ends(point) { return this.grid.intervals[this.grid.interval_of[point]].map((end) => end && end * this.grid.latency_ms[point]); }

  interval(point) {
    const [low, high] = this.ends(point);
    return high ? `${this.time(low)} to ${this.time(high)} (90 % interval)` : `at least ${this.time(low)}`;
  }

  // What the ops take that each limit bounds.
  drawShares(percents) {
    const some = percents.map((percent, i) => [this.grid.limits[i], percent]).filter(([, percent]) => percent);
    document.getElementById("turned-shares").textContent = some.sort((a, b) => b[1] - a[1]).map(([name, percent]) => `${name} ${percent} %`).join(", ");
    this.form.querySelector(".stacked").replaceChildren(...some.map(([name, percent]) => {
      const bar = document.createElement("i");
      bar.style.flexGrow = percent;
      bar.style.background = payload.limits[name];
      return bar;
    }));
  }

  command(places) {
    let { command } = this.grid;
    const said = this.grid.choices.map(({ arguments: words, networks, own }, i) => {
      if (networks) command = command.split(" ").map((word) => word === networks[own] ? networks[places[i]] : word).join(" ");
      return !words || places[i] === own ? "" : words[places[i]];
    });
    return [command, ...said.filter(Boolean)].join(" ");
  }

  copy() {
    const text = document.getElementById("turned-command");
    getSelection().selectAllChildren(text);
    (navigator.clipboard?.writeText(text.textContent) ?? Promise.reject()).catch(() => document.execCommand("copy"));
  }

  // The settings of the slider that was moved last.
  draw() {
    const { choices, latency_ms, bound, limits } = this.grid, { label, texts } = choices[this.last], places = this.places();
    const rows = texts.map((text, i) => {
      const point = this.at(places.map((place, other) => other === this.last ? i : place));
      const [low_ms, high_ms] = latency_ms[point] === null ? [null, null] : this.ends(point);
      return { slider: label, low_ms, high_ms: high_ms ?? low_ms, top: Math.max(latency_ms[point] ?? 0, high_ms ?? 0), interval: latency_ms[point] === null ? "" : this.interval(point), place: i, setting: text, ms: latency_ms[point] ?? 0, bound: limits[bound[point]] ?? "", said: latency_ms[point] === null ? "does not fit" : this.time(latency_ms[point]), here: i === places[this.last] };
    });
    document.getElementById("along-of").textContent = label;
    payload.data.along = rows; // what a chart that is drawn later begins with
    views.along?.data("along", rows).runAsync();
  }

  go(place) {
    const slider = this.sliders[this.last];
    slider.value = place;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
