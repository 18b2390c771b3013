// Drawing: every element with data-chart gets the chart of that name; colours of text and axes come from the style sheet.
const payload = JSON.parse(document.getElementById("payload").textContent);
const views = {};

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

function showLevel() {
  const chosen = document.querySelector("input[name=level]:checked");
  if (chosen) views.roofline?.signal("level", chosen.value).runAsync();
}

async function draw(box, onChoose) {
  const name = box.dataset.chart;
  const spec = { width: "container", autosize: { type: "fit-x", contains: "padding" }, ...payload.specs[name], datasets: payload.data };
  views[name]?.finalize();
  const { view } = await vegaEmbed(box, spec, {
    renderer: "svg", config: theme(), downloadFileName: `costsim-${name}`,
    actions: { export: true, source: false, compiled: false, editor: false },
  });
  views[name] = view;
  if (name === "roofline") showLevel(); // chosen before it was drawn, or drawn again in other colours
  box.querySelector("summary")?.setAttribute("aria-label", "Save this chart as a picture");
  view.addEventListener("click", (_, item) => item?.datum && onChoose(item.datum));
}

async function drawAll(onChoose) {
  for (const box of document.querySelectorAll("[data-chart]")) {
    if (box.closest("details:not([open])")) continue; // in what is folded a chart has no width: it is drawn when that is opened
    await draw(box, onChoose);
    await new Promise((resume) => setTimeout(resume)); // the reader's scrolling and clicks come before the next chart
  }
  document.documentElement.dataset.drawn = "true";
}

for (const radio of document.querySelectorAll("input[name=level]"))
  radio.addEventListener("change", showLevel);
