'use strict';
// The recording as Rust wrote it. Numbers that JSON lacks are texts: "NaN", "Infinity".
const trace = JSON.parse(document.getElementById('trace').textContent, (key, value) =>
  ['NaN', 'Infinity', '-Infinity'].includes(value) && key !== 'name' ? Number(value) : value);
const { nodes, frames } = trace;
const output = nodes.length - 1;
const $ = id => document.getElementById(id);
const label = k => nodes[k].name || '#' + k;

// The rules a second time, written for this page: operands to [value, slope for each operand].
const half = (x, f) => { const e = Math.exp(-Math.abs(x)); return f(e, x < 0 ? e / (1 + e) : 1 / (1 + e)); };
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
const input = node => node.operands.length === 0;
const strange = nodes.filter(n => n.used && !(n.shape[0] * n.shape[1] === 1 && (input(n) || n.op in rules)));
const playable = strange.length === 0;

// Forward and backward in this page, for values of the inputs: the frames, with numbers.
function compute(inputs) {
  const values = [], slopes = [], gradients = nodes.map(() => null), made = [];
  nodes.forEach((node, k) => {
    if (!node.used) return;
    if (input(node)) { values[k] = inputs[k]; return; }
    const operands = node.operands.map(o => 'node' in o ? values[o.node] : o.number);
    [values[k], slopes[k]] = rules[node.op](operands);
  });
  gradients[output] = 1;
  for (const frame of frames) {
    if (frame.kind !== 'backward') { made.push(frame); continue; }
    const local = slopes[frame.node][frame.operand], upstream = gradients[frame.node];
    const product = local * upstream, before = gradients[frame.input];
    const after = before === null ? product : before + product;
    gradients[frame.input] = after;
    made.push({ ...frame, local, upstream: [upstream], product: [product],
      before: before === null ? null : [before], after: [after] });
  }
  return { values, gradients, frames: made };
}
const recorded = {
  values: nodes.map(n => n.value.length === 1 ? n.value[0] : n.value), frames,
  gradients: frames.reduce((g, f) => { if (f.kind === 'backward') g[f.input] = f.after; return g; }, nodes.map(() => null)),
};
let now = recorded, at = 0, timer = null, asked = 0, right = 0;

// Numbers as a person reads them.
function show(x) {
  if (Array.isArray(x)) return x.length === 1 ? show(x[0])
    : x.length <= 6 ? '[' + x.map(show).join(' ') + ']' : x.length + ' entries';
  if (typeof x !== 'number') return String(x);
  const text = String(x), size = Math.abs(x);
  return text.length <= 12 ? text : size >= 1e-3 && size < 1e5 ? x.toFixed(10) : x.toExponential(8);
}
const row = (name, formula, value) => `${name.padEnd(9)} ${(formula || '').padEnd(16)} = ${value}\n`;

function words(frame) {
  const node = nodes[frame.node], out = label(output), name = label(frame.node);
  const place = `${node.file}:${node.line}`, title = (node.name ? `#${frame.node}  ` : '') + `${name} = ${node.formula}`;
  if (frame.kind === 'seed') return `the backward pass starts\n\n` + row('seed', `d${out}/d${out}`, 1);
  if (frame.kind === 'forward') return `${title}\n${place}\n\n` +
    node.operands.filter(o => 'node' in o).slice(0, 6).map(o => row(label(o.node), '', show(now.values[o.node]))).join('') +
    row(name, '', show(now.values[frame.node]));
  const hidden = !$('guessing').hidden;
  return `${title}, back to ${label(frame.input)}\n${place}\n\n` +
    row('local', frame.slope, show(frame.local)) +
    row('upstream', `d${out}/d${name}`, show(frame.upstream)) +
    row('product', 'local × upstream', hidden ? '?' : show(frame.product)) +
    row('gradient', `d${out}/d${label(frame.input)}`, hidden ? '?' :
      `${frame.before === null ? 'nothing yet' : show(frame.before)} → ${show(frame.after)}`) +
    `\ncontribution ${frame.nth} of ${frame.count}`;
}
const reasons = {
  add: 'Addition distributes: each operand gets the upstream gradient as it is.',
  mul: 'Multiplication swaps: each operand gets upstream times the other one.',
  dot: 'A dot product is multiplications, added up: each factor gets its partner.',
  max: 'Max routes: the chosen operand gets all.', min: 'Min routes: the chosen operand gets all.',
};

function go(frame, ask) {
  at = Math.max(0, Math.min(frames.length - 1, frame));
  const f = now.frames[at], edge = f.kind === 'backward' ? `${f.node}.${f.operand}` : null;
  const one = edge !== null && f.product.length === 1;
  $('guessing').hidden = !(ask && one);
  $('ask').hidden = !one || ask;
  $('answer').textContent = '';
  $('where').textContent = `frame ${at + 1} of ${frames.length}`;
  $('slider').value = at + 1;
  $('panel').textContent = words(f);
  $('why').textContent = edge ? reasons[nodes[f.node].op] || 'The chain rule: slope of the whole = local slope × slope of the rest.' : '';
  for (const g of document.querySelectorAll('[data-node]')) {
    const k = Number(g.dataset.node);
    g.classList.toggle('now', k === f.node);
    g.classList.toggle('later', f.kind === 'forward' && k > f.node);
  }
  for (const g of document.querySelectorAll('[data-edge]')) g.classList.toggle('now', g.dataset.edge === edge);
  document.querySelectorAll('ol li').forEach((li, i) => li.classList.toggle('now', i === at));
  try { history.replaceState(null, '', '#f=' + (at + 1)); } catch { /* embedded, without an address */ }
}

function predict() {
  go(at, true);
  $('guess').value = '';
  if (!$('guessing').hidden) $('guess').focus();
}

function check() {
  const guess = Number($('guess').value.replace(',', '.')), f = now.frames[at];
  const truth = f.product[0], is = x => Math.abs(guess - x) <= 2e-3 * Math.max(Math.abs(x), 1e-9);
  if ($('guess').value.trim() === '' || Number.isNaN(guess)) { $('answer').textContent = 'type a number, such as 0.25'; return; }
  asked += 1;
  const slip = is(-truth) ? ': the sign is turned around'
    : is(f.local) ? ': that is the local derivative; times upstream is missing'
    : is(f.upstream[0]) ? ': that is upstream; times the local derivative is missing'
    : f.before !== null && is(f.after[0]) ? ': that is the gradient after, with what had come in before' : '';
  if (is(truth)) right += 1;
  const said = is(truth) ? 'right' : `it is ${show(truth)}; yours is off by ${show(guess - truth)}${slip}`;
  go(at, false);
  $('answer').textContent = `${said} (${right} of ${asked})`;
}

function play() {
  if (timer) { clearInterval(timer); timer = null; $('play').textContent = 'play'; return; }
  $('play').textContent = 'stop';
  timer = setInterval(() => { if (at === frames.length - 1) play(); else go(at + 1, false); }, 1200);
}

// Values and gradients in the picture, when they are no longer those of the recording.
function redraw() {
  for (const g of document.querySelectorAll('[data-node]')) {
    const k = Number(g.dataset.node), lines = g.querySelectorAll('tspan');
    const brief = x => Number(x.toFixed(4)).toString();
    if (lines[1]) lines[1].textContent = brief(now.values[k]);
    const gradient = now.gradients[k];
    if (lines[2] && typeof gradient === 'number') {
      lines[2].textContent = `grad ${gradient > 0 ? '▲' : gradient < 0 ? '▼' : '○'} ${brief(gradient)}`;
    }
  }
  for (const g of document.querySelectorAll('[data-edge] > text')) {
    const f = now.frames.find(f => f.kind === 'backward' && `${f.node}.${f.operand}` === g.parentNode.dataset.edge);
    if (!f) continue;
    g.firstChild.textContent = `× ${Number(f.local.toFixed(4))} `;
    g.querySelector('tspan').textContent = f.product[0] > 0 ? '▲' : f.product[0] < 0 ? '▼' : '○';
  }
}

// dL/dw = (a − y) x and dL/db = a − y, by hand, for one neuron whose nodes have the usual names.
function closedForm(k, values) {
  const value = name => values[nodes.findIndex(n => n.name === name)];
  const weight = /^w(\d*)$/.exec(nodes[k].name);
  const factor = nodes[k].name === 'b' ? 1 : weight ? value('x' + weight[1]) : undefined;
  const error = 1 / (1 + Math.exp(-value('z'))) - value('y');
  return factor === undefined || Number.isNaN(error) ? '' : show(error * factor);
}

function playground() {
  const inputs = nodes.map((n, k) => n.used && input(n) ? k : -1).filter(k => k >= 0);
  const set = nodes.map(n => n.value[0]), body = document.querySelector('#slopes tbody');
  const update = () => {
    now = compute(set);
    body.replaceChildren();
    for (const k of inputs.filter(k => nodes[k].varies)) {
      const h = Math.cbrt(2 ** -52) * Math.max(1, Math.abs(set[k])), moved = s => {
        const other = set.slice(); other[k] += s; return compute(other).values[output];
      };
      const line = body.insertRow();
      const cells = [`d${label(output)}/d${label(k)}`, show(now.gradients[k] ?? 0), closedForm(k, now.values), ((moved(h) - moved(-h)) / (2 * h)).toFixed(7)];
      for (const text of cells) line.insertCell().textContent = text;
    }
    redraw(); go(at, false);
  };
  for (const k of inputs) {
    const box = document.createElement('label'), range = document.createElement('input'), value = document.createElement('output');
    const label01 = !nodes[k].varies && (set[k] === 0 || set[k] === 1), reach = Math.max(4, 2 * Math.abs(set[k]));
    const limits = label01 ? { min: 0, max: 1, step: 1 } : { min: -reach, max: reach, step: reach / 400 };
    Object.assign(range, { type: 'range', ...limits, value: set[k] });
    value.textContent = show(set[k]);
    range.addEventListener('input', () => { set[k] = Number(range.value); value.textContent = show(set[k]); update(); });
    $('reset').addEventListener('click', () => { set[k] = nodes[k].value[0]; range.value = set[k]; value.textContent = show(set[k]); });
    box.append(label(k), range, value);
    $('inputs').append(box);
  }
  $('reset').addEventListener('click', update);
  $('play-ground').hidden = false;
  update();
}

// Two implementations check each other: this page's numbers against Rust's.
function replay() {
  if (!playable) {
    const names = [...new Set(strange.map(n => n.shape[0] * n.shape[1] === 1 ? n.op : `${n.op} on matrices`))];
    return `All numbers are those of the recording: this page does not compute ${names.join(', ')}.`;
  }
  const own = compute(nodes.map(n => n.value[0]));
  let values = 0, gradients = 0, worst = 0;
  const compare = (x, y) => {
    if (!Object.is(x, y) && x !== y) worst = Math.max(worst, Math.abs(x - y) / Math.max(Math.abs(x), Math.abs(y)));
  };
  nodes.forEach((n, k) => { if (n.used) { values += 1; compare(own.values[k], n.value[0]); } });
  recorded.gradients.forEach((g, k) => { if (g) { gradients += 1; compare(own.gradients[k], g[0]); } });
  return `Replay check: this page computed ${values} values and ${gradients} gradients itself; ` +
    `the largest relative difference from Rust's is ${worst === 0 ? '0' : worst.toExponential(1)}.`;
}

document.querySelectorAll('.script').forEach(part => { if (part.id !== 'play-ground') part.hidden = false; });
$('slider').max = frames.length;
$('slider').addEventListener('input', () => go(Number($('slider').value) - 1, false));
$('first').addEventListener('click', () => go(0, false));
$('last').addEventListener('click', () => go(frames.length - 1, false));
$('back').addEventListener('click', () => go(at - 1, false));
$('next').addEventListener('click', () => go(at + 1, false));
$('play').addEventListener('click', play);
$('check').addEventListener('click', check);
$('ask').addEventListener('click', predict);
$('guess').addEventListener('keydown', event => { if (event.key === 'Enter') check(); });
for (const g of document.querySelectorAll('[data-node]')) {
  const k = Number(g.dataset.node);
  g.setAttribute('tabindex', '0');
  g.addEventListener('focus', () => { $('answer').textContent = g.querySelector('title').textContent; });
  g.addEventListener('click', () => go(frames.findIndex(f => f.node === k && f.kind === 'forward'), false));
}
document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const kind = event.target.tagName; // what is typed into a field, or presses a button, is no command
  if (kind === 'INPUT' || (kind === 'BUTTON' && event.key === ' ')) return;
  const keys = { ArrowRight: () => go(at + 1, false), ArrowLeft: () => go(at - 1, false), Home: () => go(0, false),
    End: () => go(frames.length - 1, false), ' ': play, '?': predict };
  if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
});
window.addEventListener('hashchange', () => { const m = /^#f=(\d+)$/.exec(location.hash); if (m && Number(m[1]) - 1 !== at) go(Number(m[1]) - 1, false); });
const start = /^#f=(\d+)$/.exec(location.hash);
at = start ? Number(start[1]) - 1 : 0;
if (playable) playground();
$('replay').textContent = replay();
go(at, false);
