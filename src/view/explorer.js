'use strict';
// The page is whole without this script. It adds the steps, the prediction, and a second opinion:
// everything is computed anew, with rules of its own, and again for each input that is dragged.

// The recording as Rust wrote it. Numbers that JSON lacks are texts there.
const special = { NaN, Infinity, '-Infinity': -Infinity };
const trace = JSON.parse(document.getElementById('trace').textContent, (key, value) =>
  /^(\d+|local|number)$/.test(key) && Object.hasOwn(special, value) ? special[value] : value);
const { nodes, frames } = trace;
const output = nodes.length - 1;
const $ = id => document.getElementById(id);
const label = k => nodes[k].name || '#' + k;
const slope = k => `d${label(output)}/d${label(k)}`;
const edge = frame => frame.kind === 'backward' ? `${frame.node}.${frame.operand}` : '';

// The rules a second time, written for this page: operands to [value, slope for each operand].
function half(x, f) { // f of e^−|x|, which never overflows, and of sigmoid(x)
  const e = Math.exp(-Math.abs(x));
  return f(e, x < 0 ? e / (1 + e) : 1 / (1 + e));
}
const rules = {
  add: ([x, y]) => [x + y, [1, 1]],
  sub: ([x, y]) => [x - y, [1, -1]],
  mul: ([x, y]) => [x * y, [y, x]],
  div: ([x, y]) => [x / y, [1 / y, -x / y / y]],
  neg: ([x]) => [-x, [-1]],
  exp: ([x]) => [Math.exp(x), [Math.exp(x)]],
  ln: ([x]) => [Math.log(x), [1 / x]],
  sqrt: ([x]) => [Math.sqrt(x), [0.5 / Math.sqrt(x)]],
  recip: ([x]) => [1 / x, [-1 / x / x]],
  abs: ([x]) => [Math.abs(x), [Math.sign(x)]],
  sin: ([x]) => [Math.sin(x), [Math.cos(x)]],
  cos: ([x]) => [Math.cos(x), [-Math.sin(x)]],
  tanh: ([x]) => [Math.tanh(x), [half(2 * x, e => 4 * e / (1 + e) / (1 + e))]],
  sigmoid: ([x]) => half(x, (e, s) => [s, [e / (1 + e) / (1 + e)]]),
  softplus: ([x]) => half(x, (e, s) => [Math.max(x, 0) + Math.log1p(e), [s]]),
  relu: ([x]) => [Math.max(x, 0), [x > 0 ? 1 : 0]],
  leaky_relu: ([x, c]) => [x > 0 ? x : c * x, [x > 0 ? 1 : c, 0]],
  powf: ([x, c]) => [x ** c, [c === 0 ? 0 : c * x ** (c - 1), 0]],
  max: ([x, y]) => x >= y ? [x, [1, 0]] : [y, [0, 1]],
  min: ([x, y]) => x <= y ? [x, [1, 0]] : [y, [0, 1]],
  sum: xs => [xs.reduce((s, x) => s + x, 0), xs.map(() => 1)],
  dot: xs => {
    const n = xs.length / 2;
    const value = xs.slice(0, n).reduce((s, w, i) => s + w * xs[n + i], 0);
    return [value, xs.map((_, i) => xs[(i + n) % xs.length])];
  },
};
const isInput = node => node.operands.length === 0;
const isNumber = node => node.shape[0] * node.shape[1] === 1;
// A rule of one's own is not known here, whatever its name.
const known = node =>
  isNumber(node) && (isInput(node) || node.ours && Object.hasOwn(rules, node.op));
const strange = nodes.filter(node => node.used && !known(node));
const playable = strange.length === 0;

// Forward and backward in this page, for these values of the inputs.
function compute(inputs) {
  const values = [], slopes = [], gradients = nodes.map(() => null);
  nodes.forEach((node, k) => {
    if (!node.used) return;
    if (isInput(node)) { values[k] = [inputs[k]]; return; }
    const operands = node.operands.map(o => 'node' in o ? values[o.node][0] : o.number);
    const [y, locals] = rules[node.op](operands);
    [values[k], slopes[k]] = [[y], locals];
  });
  gradients[output] = [1];
  const made = frames.map(frame => {
    if (frame.kind !== 'backward') return frame;
    const local = slopes[frame.node][frame.operand], upstream = gradients[frame.node];
    const product = [local * upstream[0]], before = gradients[frame.input];
    const after = before ? [before[0] + product[0]] : product;
    gradients[frame.input] = after;
    return { ...frame, local, upstream, product, before, after };
  });
  return { values, frames: made, gradients };
}
const recorded =
  { values: nodes.map(node => node.value), frames, gradients: gradientsAfter(frames) };
let now = recorded, at = 0, timer = null, asked = 0, right = 0;

// The gradients after these frames; null where nothing has come in yet, which is not 0.
function gradientsAfter(steps) {
  const gradients = nodes.map(() => null);
  for (const step of steps) {
    if (step.kind === 'seed') gradients[step.node] = [1];
    if (step.kind === 'backward') gradients[step.input] = step.after;
  }
  return gradients;
}

// Numbers as Rust writes them, so that the picture does not change where nothing has changed.
function digits(x, decimals) {
  const text = Object.is(x, -0) ? '-0' : String(x).replace('Infinity', 'inf'), size = Math.abs(x);
  const short = text.length <= decimals + 2 && !text.includes('e');
  if (short || !Number.isFinite(x)) return text;
  if (size >= 1e-3 && size < 1e5) return x.toFixed(decimals);
  return x.toExponential(decimals - 2).replace('e+', 'e');
}
function show(entries, [rows, columns], decimals = 10) {
  if (entries.length === 1) return digits(entries[0], decimals);
  const brief = entries.map(x => digits(x, 4)), shape = `(${rows}, ${columns})`;
  if (entries.length > 6) return shape;
  const row = (_, i) => brief.slice(i * columns, (i + 1) * columns).join(' ');
  return entries.length ? `[${Array.from({ length: rows }, row).join('; ')}]` : shape;
}
const glyph = entries => entries.some(Number.isNaN) ? '!'
  : entries.some(x => x > 0) ? (entries.some(x => x < 0) ? '±' : '▲')
  : entries.some(x => x < 0) ? '▼' : '○';
const colours = { '▲': 'c0', '▼': 'c1', '○': 'c5', '±': 'c3', '!': 'c3' };

// The rows of the panel: what it is, its formula, its number.
function rowsOf(frame) {
  const { node, input } = frame, { shape } = nodes[node];
  if (frame.kind === 'seed') return [['seed', slope(node), '1']];
  if (frame.kind === 'forward') {
    const inputs = nodes[node].operands.filter(o => 'node' in o).slice(0, 6).map(o => o.node);
    const row = (k, formula) => [label(k), formula, show(now.values[k], nodes[k].shape)];
    return [...inputs.map(k => row(k, '')), row(node, nodes[node].formula)];
  }
  const before = frame.before ? show(frame.before, nodes[input].shape) : 'nothing yet';
  const local = typeof frame.local === 'string' ? frame.local : show([frame.local].flat(), shape);
  return [
    ['local', frame.slope || `d${label(node)}/d${label(input)}`, local],
    ['upstream', slope(node), show(frame.upstream, shape)],
    ['product', 'local × upstream', hidden() ? '?' : show(frame.product, nodes[input].shape)],
    ['before', slope(input), before],
    ['after', slope(input), hidden() ? '?' : show(frame.after, nodes[input].shape)],
  ];
}
const hidden = () => !$('guessing').hidden;

// The sentence that is read out.
function sentence(frame) {
  const { node, input } = frame;
  if (frame.kind === 'seed') return `Backward starts: ${slope(node)} is 1.`;
  if (frame.kind === 'forward') {
    return `${label(node)} is ${show(now.values[node], nodes[node].shape)}.`;
  }
  if (hidden()) return 'What is the product, local × upstream?';
  return `Product ${show(frame.product, nodes[input].shape)}, ` +
    `contribution ${frame.nth} of ${frame.count} to ${slope(input)}.`;
}

function drawPanel(frame) {
  const node = nodes[frame.node], name = node.name ? node.name + ' = ' : '';
  const to = frame.kind === 'backward' ? `, back to ${label(frame.input)}` : '';
  $('title').textContent = `#${frame.node}  ${name}${node.formula}${to}`;
  $('place').textContent = `${node.file}:${node.line}` +
    (strange.includes(node) ? ' (from the recording: this page has no rule for it)' : '');
  $('source').textContent = (node.source || []).join('\n');
  $('numbers').replaceChildren();
  for (const row of rowsOf(frame)) {
    const line = $('numbers').insertRow();
    for (const text of row) line.insertCell().textContent = text;
  }
  $('said').textContent = sentence(frame);
}

// The picture as it stands after this frame.
const stepOf = new Map(frames.map((frame, i) => [edge(frame), i]));
const picture = document.querySelector('.picture');
const originals = new Map(); // what Rust wrote, to go back to
for (const e of picture.querySelectorAll('.value, g > title')) originals.set(e, e.textContent);
for (const e of picture.querySelectorAll('.draw')) originals.set(e, e.getAttribute('stroke-width'));
function drawNodes() {
  const shown = now.frames.slice(0, at + (hidden() ? 0 : 1)), gradients = gradientsAfter(shown);
  const reached = frames[at].kind === 'forward' ? frames[at].node : output;
  for (const g of picture.querySelectorAll('[data-node]')) {
    const k = Number(g.dataset.node), [, value, gradient] = g.querySelectorAll('tspan');
    const fitting = x => {
      const text = show(x, nodes[k].shape, 4);
      return text.length <= 22 ? text : `(${nodes[k].shape.join(', ')})`;
    };
    g.setAttribute('class', k === frames[at].node ? 'now' : k > reached ? 'later' : '');
    value.textContent = now === recorded ? originals.get(value) : fitting(now.values[k]);
    if (!recorded.gradients[k]) continue; // it says so
    const sign = gradients[k] ? glyph(gradients[k]) : '';
    gradient.textContent = sign ? `grad ${sign} ${fitting(gradients[k])}` : 'grad .';
    gradient.setAttribute('class', sign ? colours[sign] : 'quiet');
  }
}
function drawEdges() {
  const size = step => Math.max(...step.product.map(Math.abs));
  const sizes = now.frames.filter(step => step.product).map(size).filter(Number.isFinite);
  const largest = Math.max(0, ...sizes);
  for (const g of picture.querySelectorAll('[data-edge]')) {
    const i = stepOf.get(g.dataset.edge), line = g.querySelector('.draw');
    const text = g.querySelector('text');
    if (i === undefined) continue; // a constant: nothing is carried back
    const step = now.frames[i], sign = glyph(step.product);
    const states = [line ? colours[sign] : '', i === at ? 'now' : '', i > at ? 'todo' : ''];
    g.setAttribute('class', states.join(' ').trim());
    if (text) {
      if (playable) text.firstChild.textContent = `× ${digits(step.local, 4)} `;
      text.lastElementChild.textContent = sign;
      text.lastElementChild.setAttribute('class', colours[sign]);
      continue;
    }
    const width = Math.max(1, 6 + 1.5 * Math.log10(Math.min(size(step), largest) / largest)) || 1;
    line.setAttribute('stroke-width', now === recorded ? originals.get(line) : width.toFixed(1));
    const title = g.querySelector('title'), number = x => digits([x].flat()[0], 10);
    title.textContent = now === recorded ? originals.get(title)
      : `${number(step.local)} × ${number(step.upstream)} = ${number(step.product)}`;
  }
}

const lines = Array.from(document.querySelector('ol').children);
// Shows a frame; with `ask`, without its product.
function go(frame, ask = false) {
  at = Math.max(0, Math.min(frames.length - 1, frame || 0));
  const step = now.frames[at], single = step.kind === 'backward' && step.product.length === 1;
  $('guessing').hidden = !(ask && single);
  $('ask').hidden = !single || ask;
  $('answer').textContent = '';
  $('where').textContent = `frame ${at + 1} of ${frames.length}`;
  $('slider').value = at + 1;
  const line = lines[at];
  $('why').textContent = line.dataset.why;
  lines.forEach((other, i) => { other.className = i === at ? 'now' : ''; });
  drawPanel(step);
  drawNodes();
  drawEdges();
  showNode(picture.querySelector('[data-node].now'));
  try {
    history.replaceState(null, '', `#f=${at + 1}`);
  } catch { /* the page is part of another one and has no address */ }
}

// Brings a node to the middle of the picture's own box, and leaves the page where it is.
function showNode(node) {
  if (!node) return; // of a large trace not all are drawn
  const [box, place] = [picture, node].map(element => element.getBoundingClientRect());
  picture.scrollLeft += place.left + place.width / 2 - box.left - box.width / 2;
  picture.scrollTop += place.top + place.height / 2 - box.top - box.height / 2;
}

function predict() {
  go(at, true);
  $('guess').value = '';
  if (hidden()) $('guess').focus();
}

// Holds the prediction against the product, and names the slip where one explains it.
function check() {
  const text = $('guess').value.trim().replace(',', '.'), guess = Number(text);
  const step = now.frames[at], truth = step.product[0];
  // Right is the product, rounded to the digits that were typed, if these are two at least.
  const [mantissa, exponent = '0'] = text.toLowerCase().split('e');
  const decimals = (mantissa.split('.')[1] || '').length;
  const significant = mantissa.replace(/^[-+0.]+/, '').replace('.', '').length;
  const room = significant < 2 ? 0 : 0.5 * 10 ** (Number(exponent) - decimals);
  const is = x => guess === x || Math.abs(guess - x) <= room * (1 + 1e-9);
  if (text === '' || Number.isNaN(guess)) {
    $('answer').textContent = 'type a number, such as 0.25';
    return;
  }
  const slip = is(-truth) ? ': the sign is turned around'
    : is([step.local].flat()[0]) ? ': that is the local derivative; times upstream is missing'
    : is(step.upstream[0]) ? ': that is upstream; times the local derivative is missing'
    : step.before && is(step.after[0]) ? ': that is the gradient after, with what came before'
    : '';
  const correct = is(truth) || Object.is(guess, truth);
  asked += 1;
  right += correct ? 1 : 0;
  go(at);
  const gap = `it is ${digits(truth, 10)}; yours is off by ${digits(guess - truth, 10)}${slip}`;
  $('answer').textContent = `${correct ? 'right' : gap} (${right} of ${asked})`;
}

function play() {
  if (timer) {
    clearInterval(timer);
    timer = null;
  } else {
    if (at === frames.length - 1) go(0);
    timer = setInterval(() => at === frames.length - 1 ? play() : go(at + 1), 1200);
  }
  $('play').textContent = timer ? 'stop' : 'play';
}

// By hand, for one logistic neuron whose inputs have the usual names: with z = Σ w x + b,
// dL/dw = (a − y) x and dL/db = a − y.
const named = name => nodes.findIndex(node => node.used && isInput(node) && node.name === name);
const weights = nodes.flatMap((node, k) =>
  isInput(node) && /^w\d*$/.test(node.name) ? [[k, named('x' + node.name.slice(1))]] : []);
function byHand(set) {
  const y = set[named('y')], b = set[named('b')];
  const z = weights.reduce((sum, [w, x]) => sum + set[w] * set[x], b);
  const a = 1 / (1 + Math.exp(-z)), slopes = { [named('b')]: a - y };
  for (const [w, x] of weights) slopes[w] = (a - y) * set[x];
  return { cost: -(y * Math.log(a) + (1 - y) * Math.log(1 - a)), slopes };
}
// Names alone prove nothing: the cost must be that of logistic regression, for both labels.
function isNeuron(set) {
  return [0, 1].every(y => {
    const other = set.map((x, k) => k === named('y') ? y : x);
    return Math.abs(byHand(other).cost - compute(other).values[output][0]) < 1e-12;
  });
}

function dragging() {
  const start = nodes.map(node => node.value[0]);
  const inputs = [...nodes.keys()].filter(k => nodes[k].used && isInput(nodes[k]));
  const set = start.slice(), neuron = isNeuron(start), controls = [];
  const slopes = () => {
    $('slopes').tBodies[0].replaceChildren();
    for (const k of inputs.filter(k => nodes[k].varies)) {
      const h = Math.cbrt(2 ** -52) * Math.max(1, Math.abs(set[k]));
      const moved = by => compute(set.map((x, i) => i === k ? x + by : x)).values[output][0];
      const line = $('slopes').tBodies[0].insertRow(), number = x => digits(x, 10);
      const own = compute(set).gradients[k] ?? [0];
      for (const text of [slope(k), number(own[0]), neuron ? number(byHand(set).slopes[k]) : 'none',
        number((moved(h) - moved(-h)) / (2 * h))]) line.insertCell().textContent = text;
    }
  };
  for (const k of inputs) {
    const box = document.createElement('label'), value = document.createElement('output');
    const range = document.createElement('input');
    const reach = Number.isFinite(start[k]) ? Math.max(4, 2 * Math.abs(start[k])) : 4;
    const binary = !nodes[k].varies && (start[k] === 0 || start[k] === 1);
    const limits = binary ? { min: 0, max: 1, step: 1 } : { min: -reach, max: reach, step: 'any' };
    Object.assign(range, { type: 'range', ...limits });
    controls.push(() => { range.value = set[k]; value.textContent = digits(set[k], 4); });
    range.addEventListener('input', () => {
      set[k] = Number(range.value);
      value.textContent = digits(set[k], 4);
      now = compute(set);
      slopes();
      go(at);
    });
    box.append(label(k), range, value);
    $('inputs').append(box);
  }
  const reset = () => {
    start.forEach((x, k) => { set[k] = x; });
    controls.forEach(control => control());
    now = recorded;
    slopes();
  };
  $('reset').addEventListener('click', () => { reset(); go(at); });
  $('drag').hidden = false;
  reset();
}

// Two implementations check each other: this page's numbers against Rust's.
function replay() {
  if (!playable) {
    const what = node => isNumber(node) ? node.op : `${node.op} ${node.shape.join(' × ')}`;
    const names = [...new Set(strange.map(what))].join(', ');
    return `Shown from the recording: this page has no rules for ${names}.`;
  }
  const own = compute(nodes.map(node => node.value[0]));
  let worst = 0;
  const compare = (mine, theirs) => mine.forEach((entry, k) => {
    const [x, y] = [entry?.[0], theirs[k]?.[0]];
    if (x === y || Object.is(x, y)) return;
    const apart = Math.abs(x - y) / Math.max(Math.abs(x), Math.abs(y));
    worst = apart <= worst ? worst : apart; // NaN counts, too
  });
  compare(own.values, recorded.values);
  compare(own.gradients, recorded.gradients);
  compare(own.frames.map(frame => frame.product), frames.map(frame => frame.product));
  const count = list => list.filter(Boolean).length;
  return `Replay check: this page recomputed ${count(own.values)} values and ` +
    `${count(own.gradients)} gradients; max. relative difference from Rust: ` +
    (worst ? worst.toExponential(1) : '0');
}

document.querySelectorAll('.script').forEach(part => { part.hidden = part.id === 'drag'; });
$('slider').max = frames.length;
$('slider').addEventListener('input', () => go(Number($('slider').value) - 1));
const last = frames.length - 1;
const presses = { first: () => go(0), back: () => go(at - 1), next: () => go(at + 1),
  last: () => go(last), play, check, ask: predict };
for (const [id, action] of Object.entries(presses)) $(id).addEventListener('click', action);

// A node or an edge under the pointer says what it is, and so does a node that has the focus.
picture.firstElementChild.setAttribute('role', 'group');
for (const g of picture.querySelectorAll('g')) {
  const about = () => {
    const [title] = picture.querySelectorAll(`[data-edge="${g.dataset.edge}"] > title`);
    $('about').textContent = (g.querySelector('title') ?? title).textContent;
  };
  const place = frames.findIndex(frame => edge(frame) === g.dataset.edge ||
    (frame.kind === 'forward' && String(frame.node) === g.dataset.node));
  g.addEventListener('pointerenter', about);
  g.addEventListener('focus', about);
  if (place >= 0) g.addEventListener('click', () => go(place));
  if (!g.dataset.node) continue;
  g.setAttribute('tabindex', '0');
  g.setAttribute('role', 'img');
  g.addEventListener('keydown', event => { if (event.key === 'Enter') go(place); });
}
document.addEventListener('keydown', event => {
  const { key, target } = event;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (target.id === 'guess' && key === 'Enter') check();
  // What moves a slider, is typed into a field or presses a button is no command.
  if (target.tagName === 'INPUT' || (key === ' ' && target.tagName === 'BUTTON')) return;
  const keys = { ArrowRight: 'next', ArrowLeft: 'back', Home: 'first', End: 'last', ' ': 'play',
    '?': 'ask' };
  if (!Object.hasOwn(keys, key)) return;
  event.preventDefault();
  presses[keys[key]]();
});
const linked = () => Number(/^#f=(\d+)$/.exec(location.hash)?.[1] ?? 1) - 1;
window.addEventListener('hashchange', () => go(linked()));
document.querySelector('ol').addEventListener('click', event => {
  if (event.target.tagName !== 'A') return;
  event.preventDefault(); // to the frame, not to its line in the list
  go(Number(event.target.hash.slice(3)) - 1);
  picture.scrollIntoView({ block: 'nearest' });
});
$('replay').textContent = replay();
if (playable) dragging();
// From here on #f=16 means the frame, no longer its line in the list.
lines.forEach(line => line.removeAttribute('id'));
scrollTo(0, 0);
go(linked());
