// Light, dark, or as the system has it. Whoever draws with the style sheet's colours listens to "recoloured".
const themeBox = document.querySelector("[name=theme]");
themeBox.addEventListener("input", () => {
  if (themeBox.value) document.documentElement.dataset.theme = themeBox.value;
  else delete document.documentElement.dataset.theme;
  document.dispatchEvent(new Event("recoloured"));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("recoloured")));
