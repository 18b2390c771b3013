// Drawing: an element with data-chart gets the chart of that name when it comes near the screen, and all get theirs
// before the page is printed. Colours of text and axes come from the style sheet.
// A chart tells the page what happens by events of its element: "drawn" ({name, view}) and "chosen" (the datum).
const payload = JSON.parse(document.getElementById("payload").textContent);
const views = {};
const undrawn = new Set(document.querySelectorAll("[data-chart]"));
const near = new IntersectionObserver(cameNear, { rootMargin: "50% 0px" });
const waiting = new Set();
let drawing = false;

function theme() {
  const style = getComputedStyle(document.documentElement);
  const [ink, soft, line, page] = ["--ink", "--soft", "--line", "--page"].map((name) => style.getPropertyValue(name).trim());
  return {
    background: null,
    font: getComputedStyle(document.body).fontFamily,
    view: { stroke: null },
    axis: {
      labelColor: soft, titleColor: soft, gridColor: line, domainColor: line, tickColor: line,
      labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal",
      labelOverlap: "parity", labelSeparation: 8, labelLimit: 190,
    },
    axisY: { labelOverlap: false },
    legend: { labelColor: soft, titleColor: soft, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" },
    text: { color: ink, fontSize: 12 },
    style: { label: { fill: soft, fontSize: 12 }, outline: { stroke: page } },
  };
}

async function draw(box) {
  const name = box.dataset.chart;
  const spec = { width: "container", autosize: { type: "fit-x", contains: "padding" }, ...payload.specs[name], datasets: payload.data };
  undrawn.delete(box);
  near.unobserve(box);
  views[name]?.finalize();
  await librariesReady;
  const { view } = await vegaEmbed(box, spec, {
    renderer: "svg", config: theme(), downloadFileName: `costsim-${name}`,
    actions: { export: true, source: false, compiled: false, editor: false },
  });
  views[name] = view;
  box.style.minHeight = "";
  box.querySelector("summary")?.setAttribute("aria-label", "Save this chart as a picture");
  view.addEventListener("click", (_, item) => item?.datum && tell(box, "chosen", item.datum));
  tell(box, "drawn", { name, view });
}

function tell(box, event, detail) { box.dispatchEvent(new CustomEvent(event, { bubbles: true, detail })); }

function cameNear(entries) {
  for (const { target, isIntersecting } of entries) waiting[isIntersecting ? "add" : "delete"](target);
  if (!drawing) drawWaiting();
}

async function drawWaiting() {
  drawing = true;
  for (const box of waiting) {
    waiting.delete(box);
    if (undrawn.has(box)) await draw(box);
    await new Promise((resume) => setTimeout(resume)); // the reader's scrolling and clicks come before the next chart
  }
  drawing = false;
  document.documentElement.dataset.drawn = "true";
}

// What is folded is left out: nobody sees it, and a chart there has no width. It comes near when it is opened.
async function drawAll() {
  await Promise.all([...undrawn].filter((box) => !box.closest("details:not([open])")).map(draw));
}

// Charts that nobody has come near keep the room they will take.
function drawWhenNear() {
  for (const box of document.querySelectorAll("[data-chart]")) {
    const { height = 0 } = payload.specs[box.dataset.chart], most = parseFloat(getComputedStyle(box).maxHeight) || Infinity;
    if (!views[box.dataset.chart]) box.style.minHeight = `${Math.min(height + 50, most)}px`;
    undrawn.add(box);
    near.unobserve(box);
    near.observe(box);
  }
}

drawWhenNear();
if (!undrawn.size) drawWaiting(); // a page without charts is drawn as it is
addEventListener("beforeprint", drawAll);
document.addEventListener("recoloured", drawWhenNear);
