// The sliding picture moves. Without this script its still frames stand in its place.
(() => {
  'use strict';
  const { scenes, stage } = JSON.parse(document.getElementById('numbers').textContent).slide;
  const find = id => document.getElementById(id);
  const [holder, play, slider, readout, caption] = ['stage', 'play', 'offset', 'readout', 'caption'].map(find);
  const svg = holder.querySelector('svg');
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const SECONDS = 9; // from the first touch to the last

  let scene, c, place, step, started = 0, running = null, touched = false;

  // As `bars` in svg.rs: values side by side on a line at zero.
  const bars = (values, left, zero, scale) => {
    let d = `M${left} ${zero}`;
    values.forEach((value, i) => { d += `V${zero - value * scale}H${left + (i + 1) * step}`; });
    return d + `V${zero}Z`;
  };
  const part = selector => svg.querySelector(selector);
  const shapes = { f: part('.area.f'), g: part('.area.g'), p: part('.area.p'), out: part('.area.out'), guide: part('.guide'), dot: part('.dot') };

  const draw = () => {
    const { f, g, output, areas, name } = scene;
    const [top, middle, bottom] = stage.zeros, [tall, product, out] = stage.tall;
    const from = Math.max(0, c - g.length + 1), to = Math.min(f.length, c + 1);
    const products = [];
    for (let a = from; a < to; a++) products.push(f[a] * g[c - a]);
    const scale = out / Math.max(...output);
    shapes.f.setAttribute('d', bars(f, place(0), top, tall));
    shapes.g.setAttribute('d', bars([...g].reverse(), place(c - g.length + 1), top, tall));
    shapes.p.setAttribute('d', bars(products, place(from), middle, product));
    shapes.out.setAttribute('d', bars(output.slice(0, c + 1), place(0), bottom, scale));
    shapes.guide.setAttribute('d', `M${place(c + .5)} 30V${bottom}`);
    shapes.dot.setAttribute('cx', place(c + .5));
    shapes.dot.setAttribute('cy', bottom - scale * output[c]);
    slider.value = c;
    const area = areas[c].toFixed(3), value = output[c].toFixed(3);
    slider.setAttribute('aria-valuetext', `c = ${c}, area ${area}`);
    svg.setAttribute('aria-label', `${name} at c = ${c}: f and the reversed g, their product of area ${area}, and the output so far.`);
    readout.textContent = `c = ${c}: area by the definition ${area}, output of the engine ${value}`;
  };

  const choose = index => {
    scene = scenes[index];
    const behind = scene.g.length - 1;
    step = (stage.width - 2 * stage.left) / (behind + scene.output.length);
    place = a => stage.left + (a + behind) * step;
    slider.max = scene.output.length - 1;
    caption.textContent = scene.caption;
    c = Math.round((scene.output.length - 1) / 3);
    draw();
  };

  const pause = () => {
    cancelAnimationFrame(running);
    running = null;
    play.textContent = 'Play';
    play.setAttribute('aria-pressed', 'false');
  };
  const start = () => {
    const last = scene.output.length - 1;
    if (c >= last) c = 0;
    started = performance.now() - c / last * SECONDS * 1000;
    play.textContent = 'Pause';
    play.setAttribute('aria-pressed', 'true');
    const frame = now => {
      const next = Math.min(last, Math.floor((now - started) / (SECONDS * 1000) * last));
      if (next > c) { c = next; draw(); }
      if (c >= last) pause(); else running = requestAnimationFrame(frame);
    };
    running = requestAnimationFrame(frame);
  };
  const seek = to => {
    touched = true;
    pause();
    c = Math.max(0, Math.min(scene.output.length - 1, to));
    draw();
  };

  play.addEventListener('click', () => { touched = true; running === null ? start() : pause(); });
  slider.addEventListener('input', () => seek(Number(slider.value)));
  document.querySelectorAll('input[name=scene]').forEach(choice =>
    choice.addEventListener('change', () => {
      const moving = running !== null;
      pause();
      choose(Number(choice.value));
      if (moving) { c = 0; start(); }
    }));
  // The picture itself can be dragged.
  const drag = event => {
    const { left, width } = svg.getBoundingClientRect();
    const x = (event.clientX - left) / width * stage.width;
    seek(Math.floor((x - place(0)) / step));
  };
  holder.addEventListener('pointerdown', event => { holder.setPointerCapture(event.pointerId); drag(event); });
  holder.addEventListener('pointermove', event => { if (holder.hasPointerCapture(event.pointerId)) drag(event); });

  const chosen = document.querySelector('input[name=scene]:checked');
  choose(chosen ? Number(chosen.value) : 0);
  // It starts by itself once, when it is first seen, unless motion is unwanted.
  new IntersectionObserver((entries, observer) => {
    if (!entries.some(entry => entry.isIntersecting)) return;
    observer.disconnect();
    if (!still.matches && !touched) { c = 0; start(); }
  }, { threshold: .6 }).observe(holder);
})();
