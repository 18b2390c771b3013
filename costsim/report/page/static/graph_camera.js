// Which part of the graph is seen, and how large: by dragging, by two fingers, by the wheel with Ctrl; the wheel alone
// scrolls the page as everywhere.
const SCALES = [0.01, 3], READABLE = 0.8;

class GraphCamera {
  constructor(svg, onMove) {
    this.svg = svg; this.onMove = onMove;
    this.view = { x: 0, y: 0, scale: 1 };
    this.moved = false; // whether the pointer that went down last has dragged: a drag is no click
    this.listens();
    new ResizeObserver(onMove).observe(svg);
  }

  look(view) { this.view = view; this.onMove(); }

  shift(dx, dy) { this.look({ ...this.view, x: this.view.x + dx, y: this.view.y + dy }); }

  middle({ x, y, width, height }) {
    const { clientWidth: w, clientHeight: h } = this.svg, scale = Math.max(this.view.scale, READABLE);
    this.look({ scale, x: w / 2 - (x + width / 2) * scale, y: h / 2 - (y + height / 2) * scale });
  }

  // All of it, but no smaller than this: then its beginning.
  fit({ width, height }, least, tall) {
    const { clientWidth: w, clientHeight: h } = this.svg;
    const scale = Math.min(1, Math.max(least, Math.min(w / width, h / height)));
    const y = !tall && height * scale > h ? (h - height * scale) / 2 : Math.max(0, (h - height * scale) / 2);
    this.look({ scale, x: Math.max(0, (w - width * scale) / 2), y });
  }

  zoom(factor, cx = this.svg.clientWidth / 2, cy = this.svg.clientHeight / 2) {
    const scale = Math.min(SCALES[1], Math.max(SCALES[0], this.view.scale * factor)), ratio = scale / this.view.scale;
    this.look({ scale, x: cx - (cx - this.view.x) * ratio, y: cy - (cy - this.view.y) * ratio });
  }

  listens() {
    const fingers = new Map();
    this.svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
    }, { passive: false });
    this.svg.addEventListener("pointerdown", (event) => { if (!fingers.size) this.moved = false; fingers.set(event.pointerId, event); });
    addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      if (fingers.size === 2) {
        const [other] = [...fingers.values()].filter((finger) => finger.pointerId !== event.pointerId);
        const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY) || 1;
        const { left, top } = this.svg.getBoundingClientRect();
        this.zoom(apart(event) / apart(before), (event.clientX + other.clientX) / 2 - left, (event.clientY + other.clientY) / 2 - top);
      } else {
        const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
        if (!this.moved && Math.hypot(dx, dy) < 4) return;
        this.shift(dx, dy);
      }
      this.moved = true;
      fingers.set(event.pointerId, event);
    });
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
}
