// The libraries lie in the page compressed, which halves it. Pages that share a file of them have no such element.
async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed.textContent.trim()), (letter) => letter.charCodeAt(0));
  const code = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  packed.remove();
  (0, eval)(code); // in the scope of the page, as a script of its own would be
}

const packed = document.getElementById("libraries");
const librariesReady = packed ? unpack(packed) : Promise.resolve();
librariesReady.catch(() => {
  for (const box of document.querySelectorAll("[data-chart]"))
    box.textContent = "This browser is too old for the charts; the numbers and tables do not need them.";
});
