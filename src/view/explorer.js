'use strict';
// The page is whole without this script. It adds the steps, the predictions, and a second opinion:
// everything is computed anew, with rules of its own, and again for each input that is dragged.

// The recording as Rust wrote it.
const trace = read('trace');
const files = JSON.parse($('files').textContent);
const { nodes, frames } = trace;
const output = nodes.length - 1;
const label = k => nodes[k].name || '#' + k;
const slope = k => `d${label(output)}/d${label(k)}`;
const isInput = node => node.operands.length === 0;
const sizeOf = ([rows, columns]) => rows * columns;
const seed = frames.findIndex(frame => frame.kind === 'seed');

// 1. The rules a second time, written for this page: operands to [value, slope for each operand].
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
// Of matrices, which are lists row by row: [value, how each operand's part of the gradient comes].
const grid = ([rows, columns], entry) =>
  Array.from({ length: rows * columns }, (_, k) => entry(Math.floor(k / columns), k % columns));
const place = ([rows, columns], i, j) => (rows === 1 ? 0 : i) * columns + (columns === 1 ? 0 : j);
const repeat = (x, from, to) => grid(to, (i, j) => x[place(from, i, j)]);
function addUp(x, from, to) {
  const sums = grid(to, () => 0);
  grid(from, (i, j) => { sums[place(to, i, j)] += x[i * from[1] + j]; });
  return sums;
}
const transpose = (x, [rows, columns]) => grid([columns, rows], (i, j) => x[j * columns + i]);
const multiply = (a, [n, k], b, m) => grid([n, m], (i, j) =>
  Array.from({ length: k }, (_, l) => a[i * k + l] * b[l * m + j]).reduce((s, x) => s + x, 0));
const addedUp = ([x], [from], to) => [addUp(x, from, to), [g => repeat(g, to, from)]];
const maps = {
  sum: addedUp, sum_rows: addedUp, sum_columns: addedUp,
  broadcast: ([x], [from], to) => [repeat(x, from, to), [g => addUp(g, to, from)]],
  t: ([x], [from], to) => [transpose(x, from), [g => transpose(g, to)]],
  matmul: ([a, b], [left, right]) => [multiply(a, left, b, right[1]), [
    g => multiply(g, [left[0], right[1]], transpose(b, right), left[1]),
    g => multiply(transpose(a, left), [left[1], left[0]], g, right[1])]],
};
const shapesOf = node => node.operands.map(o => 'node' in o ? nodes[o.node].shape : [1, 1]);
const isMap = node => Object.hasOwn(maps, node.op) &&
  [node.shape, ...shapesOf(node)].some(shape => sizeOf(shape) !== 1);
// A rule of one's own is not known here, whatever its name.
const known = node =>
  isInput(node) || node.ours && (Object.hasOwn(rules, node.op) || isMap(node));
const strange = nodes.filter(node => node.used && !known(node));
const playable = strange.length === 0;

// Forward, for these values of the inputs.
function forward(inputs) {
  const values = [], locals = [];
  nodes.forEach((node, k) => {
    if (!node.used) return;
    if (isInput(node)) { values[k] = inputs[k]; return; }
    const xs = node.operands.map(o => 'node' in o ? values[o.node] : [o.number]);
    if (isMap(node)) {
      [values[k], locals[k]] = maps[node.op](xs, shapesOf(node), node.shape);
      return;
    }
    const size = sizeOf(node.shape), y = [], ds = xs.map(() => []);
    for (let i = 0; i < size; i += 1) {
      const [value, slopes] = rules[node.op](xs.map(x => x[x.length === 1 ? 0 : i]));
      y.push(value);
      slopes.forEach((d, operand) => ds[operand].push(d));
    }
    [values[k], locals[k]] = [y, ds];
  });
  return { values, locals };
}
// And backward: all frames with their numbers.
function compute(inputs) {
  const { values, locals } = forward(inputs), gradients = nodes.map(() => null);
  gradients[output] = [1];
  const made = frames.map(frame => {
    if (frame.kind !== 'backward') return frame;
    const d = locals[frame.node][frame.operand], upstream = gradients[frame.node];
    const isList = Array.isArray(d), number = isList && d.every(x => x === d[0]);
    const product = isList ? upstream.map((g, i) => d[i] * g) : d(upstream);
    const before = gradients[frame.input];
    const after = before ? before.map((x, i) => x + product[i]) : product;
    gradients[frame.input] = after;
    const local = !isList ? frame.local : typeof frame.local === 'number' && number ? d[0] : d;
    return { ...frame, local, upstream, product, before, after };
  });
  return { values, frames: made, gradients };
}
const recorded =
  { values: nodes.map(node => node.value), frames, gradients: gradientsAfter(frames) };
const start = recorded.values;
const costAt = inputs => forward(inputs).values[output][0];

// The gradients after these frames; null where nothing has come in yet, which is not 0.
function gradientsAfter(steps) {
  const gradients = nodes.map(() => null);
  for (const step of steps) {
    if (step.kind === 'seed') gradients[step.node] = [1];
    if (step.kind === 'backward') gradients[step.input] = step.after;
  }
  return gradients;
}

// The boxes of the graph, and the nodes that share each. `shown` are those of one example: of this
// step's, or of the last one before it that belongs to an example.
const picture = $('graph'), boxes = [...picture.querySelectorAll('[data-node]')];
const sharing = boxes.map(({ dataset: { node, nodes } }) => (nodes ?? node).split(' ').map(Number));
const boxOf = [], shown = sharing.map(([first]) => first), isShared = sharing.some(all => all[1]);
sharing.forEach((all, box) => all.forEach(k => { boxOf[k] = box; }));
const isShown = k => shown[boxOf[k]] === k, sharers = k => sharing[boxOf[k]] ?? [];
function choose() {
  const larger = ({ node, input }) => sharers(input).length > sharers(node).length ? input : node;
  const last = frames.findLast((frame, i) => i <= at && sharers(larger(frame)).length > 1);
  const all = last ? sharers(larger(last)) : [0], part = last ? all.indexOf(larger(last)) : 0;
  sharing.forEach((own, box) => {
    shown[box] = own[Math.floor((part + 0.5) / all.length * own.length)];
  });
  for (const k of [frames[at].input, frames[at].node]) if (k in boxOf) shown[boxOf[k]] = k;
}

// 2. What is shown: the numbers of `now`, up to frame `at`; `asking` value, local or product.
let now = recorded, inputs = start, asking = '', costs = [], target = -1;
const score = {}; // for each kind of question: [right, asked]
// Whether the numbers of frame i may be seen.
const seen = i => i < at || i === at && !asking;

// A matrix, or its shape if it has more than `letters`.
function show(entries, shape, decimals = 4, letters = 60) {
  if (entries.length === 1) return digits(entries[0], decimals);
  const row = (_, i) =>
    entries.slice(i * shape[1], (i + 1) * shape[1]).map(x => digits(x, decimals)).join(' ');
  const text = `[${Array.from({ length: shape[0] }, row).join('; ')}]`;
  return entries.length && entries.length <= 6 && text.length <= letters
    ? text : `(${shape.join(', ')})`;
}
const signed = (entries, shape, letters) =>
  `${glyph(entries)} ${show(entries, shape, 4, letters)}`;
const valueOf = (k, decimals, letters) =>
  show(now.values[k], nodes[k].shape, decimals, letters);
// A local derivative: a number, or what becomes of the upstream gradient G.
function localOf({ local, node }, decimals = 4, letters = 24) {
  if (typeof local === 'number') return digits(local, decimals);
  if (Array.isArray(local)) return show(local, nodes[node].shape, decimals, letters);
  return local.replace(/, [AB] .*/, '').replace('Bt', 'Bᵀ').replace('At', 'Aᵀ');
}
const isMapStep = step => typeof step.local === 'string';
let widest = 24; // so many characters a matrix may have in the sums
const tidy = formula => formula.replace(/-/g, '−').replace(/ \* /g, ' · ');

// 3. The formula: each node is a span, so that a step can mark its own.
const infix = { add: [' + ', 1], sub: [' − ', 1], mul: ['*', 2], div: ['/', 2], powf: ['^', 5] };
// Its pieces: texts, and the operands as {operand, weak}, which may need parentheses.
function pieces(node) {
  const { operands, op, ours } = node, [mark, level] = ours && infix[op] || ['', 9];
  if (mark && operands.length === 2) {
    const [left, right] = operands, last = level + (op === 'sub' || op === 'div' ? 1 : 0);
    return [{ operand: left, level }, mark, { operand: right, level: last }];
  }
  if (ours && op === 'neg') return ['−', { operand: operands[0], level: 3 }];
  if (ours && op === 't') return [{ operand: operands[0], level: 9 }, 'ᵀ'];
  if (ours && op === 'matmul') {
    return [{ operand: operands[0], level: 2 }, ' ', { operand: operands[1], level: 3 }];
  }
  if (ours && op === 'broadcast') return [{ operand: operands[0], level: 0 }];
  // Of a long list the one that is shown.
  const few = operands.length > 9 ? [operands.find(o => isShown(o.node)) ?? operands[0]] : operands;
  const list = few.flatMap((operand, i) => [i ? ', ' : '', { operand, level: 0 }]);
  return [`${op}(`, ...list, few === operands ? ')' : `, … ${operands.length} in all)`];
}
const levelOf = node => isInput(node) ? 9 : node.ours && infix[node.op]?.[1] ||
  (node.ours && node.op === 'neg' ? 2.5 : node.op === 'matmul' ? 2 : 9);
// How long each node's formula is, if what is in `leaves` stands by its name, to which `add` may add.
function lengths(leaves, add = () => {}) {
  const long = [];
  nodes.forEach((node, k) => {
    if (!node.used) return;
    long[k] = isInput(node) ? label(k).length : pieces(node).reduce((sum, piece) => sum +
      (typeof piece === 'string' ? piece.length
        : !('node' in piece.operand) ? digits(piece.operand.number).length
        : leaves(piece.operand.node) ? label(piece.operand.node).length
        : long[piece.operand.node] + 2), 0);
    long[k] = Math.min(long[k], 999);
    if (long[k] > 48 && k !== output) add(k);
  });
  return long;
}
function write(k, leaves, top = true, level = 0) {
  const node = nodes[k], span = make('span', '', [], { 'data-n': k });
  if (isInput(node) || !top && leaves(k)) { span.append(label(k)); return span; }
  for (const piece of pieces(node)) {
    if (typeof piece === 'string') span.append(piece);
    else if (!('node' in piece.operand)) span.append(digits(piece.operand.number));
    else span.append(write(piece.operand.node, leaves, false, piece.level));
  }
  if (level > levelOf(node)) { span.prepend('('); span.append(')'); }
  return span;
}
let formulaLines; // [node, element], one for each line
function writeFormula() {
  formulaLines = [];
  $('formula').replaceChildren();
  $('formula').classList.remove('lines');
  const name = k => nodes[k].name && !isInput(nodes[k]);
  const all = lengths(() => false);
  if (all[output] <= 60) {
    const line = make('p', 'one', [`${label(output)} = `, write(output, () => false)]);
    $('formula').append(line, make('p', 'braces'));
    formulaLines.push([output, line]);
    line.style.setProperty('--letters', line.textContent.length);
    return;
  }
  const own = new Set(nodes.keys().filter(k => name(k))); // these have a line of their own
  own.add(output);
  const leaves = k => own.has(k);
  lengths(leaves, k => own.add(k)); // what would be too long gets a line, too
  const met = new Set([output]); // of the examples only the one that is shown
  for (const k of met) for (const { operand } of pieces(nodes[k])) {
    if (operand && 'node' in operand) met.add(operand.node);
  }
  for (const k of [...own].filter(k => met.has(k)).sort((i, j) => i - j)) {
    const line = make('p', '', [make('span', 'told-line', [`${label(k)} = `, write(k, leaves)]),
      make('span', 'number'), make('span', 'number')]);
    $('formula').append(line);
    formulaLines.push([k, line]);
  }
  $('formula').classList.add('lines');
}
writeFormula();
const spansOf = k => $('formula').querySelectorAll(`[data-n="${k}"]`);
function drawFormula(step) {
  const { node, input } = step, braces = $('formula').querySelector('.braces');
  const shown = gradientsAfter(now.frames.filter((_, i) => seen(i)));
  const hasValue = k => k < step.node || step.kind !== 'forward' || k === step.node && seen(at);
  for (const span of $('formula').querySelectorAll('.node, .input')) {
    span.classList.remove('node', 'input');
  }
  spansOf(node).forEach(span => span.classList.add('node'));
  if (input !== undefined) spansOf(input).forEach(span => span.classList.add('input'));
  if (braces) {
    braces.replaceChildren();
    const marked = step.kind === 'backward' ? [input, node] : [node];
    marked.forEach((k, row) => drawBrace(braces, k, row, shown[k], hasValue(k)));
    return;
  }
  // Of many lines those around the one with this step.
  let here = formulaLines.findIndex(([, line]) => line.querySelector('.node'));
  const first = Math.min(Math.max(0, here - 2), Math.max(0, formulaLines.length - 4));
  formulaLines.forEach(([k, line], i) => {
    line.hidden = i < first || i >= first + 4;
    line.className = i === here ? 'here' : '';
    const [, value, gradient] = line.children;
    value.textContent = hasValue(k) ? valueOf(k) : '';
    gradient.textContent = shown[k] ? signed(shown[k], nodes[k].shape) : '';
    gradient.className = `number strong ${shown[k] ? colours[glyph(shown[k])] : ''}`;
  });
}
function drawBrace(braces, k, row, gradient, hasValue) {
  const span = spansOf(k)[0];
  if (!span) return;
  const few = innerWidth < 600 ? 9 : 20; // characters of a matrix
  const box = span.getBoundingClientRect(), all = braces.getBoundingClientRect();
  const text = make('span', 'said', hasValue ? `${label(k)} = ${valueOf(k, 4, few)}` : label(k));
  if (gradient) {
    const told = `${signed(gradient, nodes[k].shape, few).replace(' ', ` ${slope(k)} = `)}`;
    text.append(', ', make('b', colours[glyph(gradient)], told));
  }
  const brace = make('i', `brace row${row}`), middle = box.left + box.width / 2 - all.left;
  braces.append(brace, text);
  brace.style.left = `${box.left - all.left}px`;
  brace.style.width = `${box.width}px`;
  text.classList.add(`row${row}`);
  const { width } = text.getBoundingClientRect();
  text.style.left = `${Math.max(0, Math.min(middle - width / 2, all.width - width))}px`;
}
function drawSource({ node }) {
  const { file, line, source } = nodes[node];
  const item = (content, now) => make('li', now ? 'at' : '', content);
  $('place').textContent = `${file}:${line}`;
  if (source) { // a formula: the stretch that this node is
    const [text, marks] = source, from = marks.search(/\S/), to = marks.trimEnd().length;
    $('source').replaceChildren(item([text.slice(0, from),
      make('mark', '', text.slice(from, to)), text.slice(to)], true));
    return;
  }
  const lines = Object.entries(files[file] ?? {}).filter(([k]) => Math.abs(k - line) < 2);
  const indent = Math.min(...lines.map(([, text]) => text.search(/\S|$/)));
  if (!lines.length) $('place').textContent += ', not found when this was made';
  $('source').replaceChildren(...lines.map(([k, text]) =>
    item(`${k}  ${text.slice(indent)}`, Number(k) === line)));
}

// 4. The graph as it stands after this frame.
const drawing = picture.querySelector('svg');
const steps = new Map(frames.map((frame, i) => [`${frame.node}.${frame.operand}`, i]));
// The step of an edge: of nodes that share a box, of those that are shown.
function stepOf({ dataset: { edge } }) {
  const [node, operand] = edge.split('.').map(Number), k = shown[boxOf[node]];
  const from = boxOf[nodes[node].operands[operand].node];
  const { operands } = nodes[k], is = o => o?.node === shown[from];
  return steps.get(`${k}.${is(operands[operand]) ? operand : operands.findIndex(is)}`);
}
const { letters, decimals } = drawing.querySelector('.graph').dataset;
const fits = (entries, shape) => show(entries, shape, Number(decimals), Number(letters));
const halo = svgPart('path', 'halo'), floating = svgPart('text', 'local strong');
const captions = [0, 1].map(() => svgPart('text', 'caption'));
drawing.querySelector('.graph').prepend(halo);
drawing.querySelector('.graph').append(floating, ...captions);
const natural = drawing.viewBox.baseVal;
drawing.style.minWidth = `${natural.width / 16 * 0.93}rem`;
drawing.style.minHeight = `${natural.height / 16 * 0.93}rem`;
drawing.style.maxWidth = `${natural.width / 16 * 1.5}rem`;
drawing.setAttribute('role', 'group');
function drawNodes(step) {
  const gradients = gradientsAfter(now.frames.filter((_, i) => seen(i)));
  for (const [i, box] of boxes.entries()) {
    const k = shown[i], row = box.querySelector('.gradient'), [name, value] =
      box.querySelectorAll('tspan');
    const later = step.kind === 'forward' && (k > step.node || k === step.node && asking);
    const states = [isInput(nodes[k]) && !nodes[k].varies ? 'dashed' : '',
      k === step.node ? 'now' : '', k === step.input ? 'to' : '', later ? 'later' : '',
      k === target ? 'target' : ''];
    box.setAttribute('class', states.join(' '));
    box.setAttribute('tabindex', k === step.node ? 0 : -1);
    const equals = isInput(nodes[k]) ? ' = ' : '';
    value.textContent = equals + fits(now.values[k], nodes[k].shape);
    if (sharing[i].length > 1) {
      name.textContent = name.textContent.replace(/\d+ of /, `${sharing[i].indexOf(k) + 1} of `);
    }
    if (!row) continue;
    row.textContent = gradients[k]
      ? `${glyph(gradients[k])} ${fits(gradients[k], nodes[k].shape)}` : '';
    row.setAttribute('class', `gradient ${gradients[k] ? colours[glyph(gradients[k])] : ''}`);
  }
}
function drawEdges() {
  const size = step => Math.max(...step.product.map(Math.abs));
  const sizes = now.frames.filter(step => step.product).map(size).filter(Number.isFinite);
  const largest = Math.max(0, ...sizes);
  const labelled = new Set();
  let active = null;
  for (const g of picture.querySelectorAll('[data-edge]')) {
    const i = stepOf(g), line = g.querySelector('.draw');
    const title = g.querySelector('title') ?? g.appendChild(svgPart('title'));
    if (i === undefined) {
      title.textContent = 'a constant: nothing is carried back';
      continue;
    }
    const step = now.frames[i], text = g.querySelector('text');
    const sign = colours[glyph(step.product)];
    g.setAttribute('class', [seen(i) ? sign : 'todo', i === at ? 'now' : ''].join(' '));
    if (text) {
      labelled.add(i);
      if (isShared || playable && typeof step.local === 'number') text.textContent = timesLocal(step);
      continue;
    }
    if (i === at) active = line;
    const width = Math.max(1, 6 + 1.5 * Math.log10(Math.min(size(step), largest) / largest)) || 1;
    const room = line.dataset.room ??= line.getAttribute('stroke-width'); // close to others less
    line.setAttribute('stroke-width', now === recorded && !isShared ? room : width.toFixed(1));
    title.textContent = !seen(i) ? step.slope ?? ''
      : `${localOf(step, 10)} × ${show(step.upstream, nodes[step.node].shape, 10)} = ` +
        show(step.product, nodes[step.input].shape, 10);
  }
  halo.setAttribute('d', active?.getAttribute('d') ?? '');
  const told = active && !labelled.has(at) && asking !== 'local' && asking !== 'product';
  [floating, ...captions].forEach(text => put(text, '', []));
  if (told) placeLabel(active);
  if (active) placeCaptions(now.frames[at].before ? 'sum so far' : 'product');
}
const timesLocal = step => isMapStep(step) ? localOf(step) : `× ${localOf(step)}`;
// Writes a text at the first of these places at which nothing else is.
function put(text, content, places) {
  const half = content.length * 4.3, parts = [...picture.querySelectorAll('.box, .fore, .back, text')]
    .filter(part => part.closest('[data-node]') ? part.matches('.box') : part.checkVisibility())
    .map(part => part.getBBox());
  const place = places.map(([x, y]) => [Math.max(half, Math.min(x, natural.width - half)), y])
    .find(([x, y]) => y > 11 && y < natural.height && parts.every(part =>
      part.x > x + half || part.x + part.width < x - half ||
      part.y > y + 4 || part.y + part.height < y - 12));
  text.textContent = place ? content : '';
  text.setAttribute('x', place?.[0] ?? 0);
  text.setAttribute('y', place?.[1] ?? 0);
}
// The active step's boxes: of the node and of the input.
const activeBoxes = () => [now.frames[at].node, now.frames[at].input].map(k =>
  boxes[boxOf[k]]?.querySelector('.box').getBBox());
// The label of the active edge, where its gap has no room: above or below one of its boxes.
function placeLabel(line) {
  const end = line.getPointAtLength(Math.max(0, line.getTotalLength() - 15));
  const middle = line.getPointAtLength(line.getTotalLength() / 2), [from, to] = activeBoxes();
  const rows = [Math.min(from.y, to.y) - 6, Math.max(from.y + from.height, to.y + to.height) + 16,
    from.y - 6, to.y - 6, from.y + from.height + 16, to.y + to.height + 16];
  put(floating, timesLocal(now.frames[at]), [[middle.x, middle.y - 12], ...rows.map(y => [end.x, y])]);
}
const placeCaptions = received => activeBoxes().forEach(({ x, y, width, height }, i) =>
  put(captions[i], i ? received : 'upstream', [y + height + 15, y - 6].map(y => [x + width / 2, y])));
// Brings what is active to the middle of the graph's own box, and leaves the page where it is.
function showActive() {
  const active = [...picture.querySelectorAll('[data-node].now, [data-node].to')];
  if (!active.length) return; // of a large trace not all are drawn
  const places = active.map(element => element.getBoundingClientRect());
  const box = picture.getBoundingClientRect();
  const own = active.findIndex(element => element.classList.contains('now'));
  const by = (from, to, room) => { // what does not fit is left out, but never the node itself
    const middle = (Math.min(...places.map(p => p[from])) + Math.max(...places.map(p => p[to]))) / 2;
    const least = places[own][to] - box[to], most = places[own][from] - box[from];
    return Math.min(Math.max(middle - box[from] - box[room] / 2, least), most);
  };
  picture.scrollLeft += by('left', 'right', 'width');
  picture.scrollTop += by('top', 'bottom', 'height');
}

// 5. The step as mathematics.
const fraction = (above, below) => make('span', 'frac', [make('b', '', `d${above}`), `d${below}`],
  { role: 'img', 'aria-label': `d${above} by d${below}` });
function number(text, kind, sign = '') {
  const isAsked = asking && kind === asking;
  const content = !isAsked ? text : make('input', '', [], { id: 'guess', placeholder: '?',
    inputmode: 'decimal', autocomplete: 'off', 'aria-label': `the ${kind}` });
  const long = text.length > 9 ? 'long' : '';
  return make('span', `big mono ${sign} ${long} ${kind === 'result' || isAsked ? 'result' : ''}`,
    content);
}
const caption = (...lines) => make('small', '', lines.flatMap(line => [line, make('br')]));
function drawSums(step) {
  const { node, input } = step, { op, shape, operands } = nodes[node];
  const sums = $('sums');
  sums.className = step.kind === 'backward' ? 'product' : 'forward';
  if (step.kind === 'seed') {
    sums.replaceChildren(fraction(label(node), label(node)), ' = ', number('1', 'result'));
    return;
  }
  const value = asking ? number('?', 'value') : number(valueOf(node), 'result');
  if (step.kind === 'forward' && isInput(nodes[node])) {
    sums.replaceChildren(make('span', 'big mono', label(node)), ' = ', value);
    return;
  }
  if (step.kind === 'forward') {
    const names = write(node, () => true).textContent;
    const numbers = pieces(nodes[node]).map(piece => typeof piece === 'string' ? piece
      : !('node' in piece.operand) ? digits(piece.operand.number)
      : valueOf(piece.operand.node).replace(/^−.*/, piece.level > 0 ? '($&)' : '$&')).join('');
    const few = text => text.length > 60 ? `${op} of ${operands.length} operands` : text;
    sums.replaceChildren(make('span', 'mono', `${label(node)} = ${few(names)}`), make('br'),
      make('span', `mono ${numbers.length > 24 ? '' : 'big'}`, `${few(numbers)} =`), ' ', value);
    return;
  }
  const signOf = entries => colours[glyph(entries)];
  const hidden = asking ? '?' : '';
  const sign = asking ? '' : signOf(step.product);
  const shapeIn = nodes[input].shape;
  const product = hidden || show(step.product, shapeIn, 4, widest);
  const first = asking === 'local' ? '?' : localOf(step, 4, widest), times = isMapStep(step) ? 'of' : '×';
  const cell = text => make('span', '', text), out = label(output);
  sums.replaceChildren(
    fraction(label(node), label(input)), cell(times === '×' ? '×' : ''),
    fraction(out, label(node)), cell('='), fraction(out, label(input)),
    number(first, 'local'), cell(times),
    number(show(step.upstream, shape, 4, widest), '', signOf(step.upstream)), cell('='),
    number(product, asking === 'product' ? 'product' : asking ? '' : 'result', sign),
    caption('local', asking === 'local' ? 'its formula, its number' : tidy(step.slope ?? (isMapStep(step) ? mapped(step.local) : ''))), cell(''),
    caption(isMapStep(step) ? 'upstream G' : 'upstream', `has come to ${label(node)}`), cell(''),
    caption(step.count > 1 ? `product ${step.nth} of ${step.count}` : 'product',
      `goes on to ${label(input)}`));
  if (step.before) {
    const sum = [make('span', '', `so far ${show(step.before, shapeIn)}`), ' + ',
      make('span', '', product), ' = ',
      make('b', '', hidden || `${show(step.after, shapeIn)}`)];
    sums.append(make('span', 'sum mono', [`${slope(input)}: `, ...sum]));
  }
}
// What a map does, in words.
const mapped = local => local.startsWith('spread') ? 'every entry gets it'
  : local.startsWith('sum') ? 'repeats add up'
  : local === 'transpose' ? 'rows become columns'
  : local.startsWith('G') ? 'B: the other factor'
  : local.startsWith('At') ? 'A: the other factor' : 'a map of its own';
function titleOf(step, i) {
  const { node, input } = step, { op } = nodes[node];
  if (step.kind === 'seed') return `Backward 1 of ${frames.length - seed}: the seed`;
  if (step.kind === 'forward') {
    const what = isInput(nodes[node]) ? nodes[node].varies ? ', a variable' : ', a constant'
      : `, by ${op}`;
    return `Forward ${i + 1} of ${seed}: ${label(node)}${what}`;
  }
  return `Backward ${i - seed + 1} of ${frames.length - seed}: ${label(node)} to ` +
    `${label(input)}, through ${op}`;
}
// The sentence that is read out.
function sentence(step) {
  const { node, input } = step, out = label(output);
  if (asking) return { value: 'What is the value?', local: 'What is the local derivative?',
    product: 'What is the product, local × upstream?' }[asking];
  if (step.kind === 'seed') return `Nudge ${out} by h: ${out} moves by h. So ${slope(node)} is 1.`;
  if (step.kind === 'forward') {
    if (isInput(nodes[node])) return `${label(node)} is ${valueOf(node)}.` + (nodes[node].varies
      ? ` Wanted: ${slope(node)}.` : ` A constant: nobody asks for ${slope(node)}, so no gradient will be carried to it.`);
    const kept = now.frames.filter(other => other.kind === 'backward' && other.node === node)
      .slice(0, 2).map(other => `d${label(node)}/d${label(other.input)} = ${localOf(other)}`);
    return `${label(node)} is ${valueOf(node)}.` +
      (kept.length ? ` Noted for the way back: ${kept.join(', ')}.` : '');
  }
  const constants = [...new Set(nodes[node].operands.filter(o =>
    'node' in o && !nodes[o.node].varies).map(o => label(o.node)))];
  const nothing = constants.length
    ? ` Nothing goes to ${constants.join(' and ')}: ${constants.length > 1 ? 'constants' :
      'a constant'}.` : '';
  if (step.product.length > 1 || isMapStep(step)) {
    return `${slope(input)} ${step.before ? 'grows to' : 'is'} ` +
      `${signed(step.after, nodes[input].shape)}.${nothing}`;
  }
  const path = step.count > 1 ? ' on this path' : '';
  return `Nudge ${label(input)} by h: ${label(node)} moves by ${localOf(step)} h, so ` +
    `${out} by ${digits(step.product[0])} h${path}.${nothing}`;
}
// The chain of factors from the output to the input that was picked last.
function chainTo(k) {
  const into = new Map();
  frames.forEach((frame, i) => {
    if (frame.kind === 'backward') into.set(frame.input, [...into.get(frame.input) ?? [], i]);
  });
  const factors = [];
  while (k !== output) {
    const steps = into.get(k) ?? [];
    if (steps.length !== 1) { // where contributions met, their sum is one factor
      if (steps.length) factors.push({ i: steps.at(-1), sumOf: k, paths: steps.length });
      return factors.reverse();
    }
    factors.push({ i: steps[0] });
    k = frames[steps[0]].node;
  }
  factors.push({ i: seed });
  return factors.reverse();
}
function drawChain() {
  const chain = target < 0 ? [] : chainTo(target), name = make('span', '', `${slope(target)} =`);
  if (!chain.length || at < seed) { $('chain').replaceChildren(); return; }
  const factor = ({ i, sumOf, paths }) => {
    const step = now.frames[i], ready = seen(i);
    const text = i === seed ? '1' : sumOf !== undefined
      ? show(gradientsAfter(now.frames.slice(0, i + 1))[sumOf], nodes[sumOf].shape, 4, 12)
      : localOf(step, 4, 12);
    const what = i === seed ? 'seed' : sumOf !== undefined
      ? `${slope(sumOf)}, ${paths} paths` : symbol(step.node);
    const state = i === at ? 'on' : ready ? '' : 'slot';
    return make('span', state, [ready ? text : '\u00a0', make('small', '', what)]);
  };
  // As many as fit, around the one of this step.
  const all = chain.map(factor), whole = chain.every(({ i }) => seen(i));
  const room = (whole ? 32 : 42) - name.textContent.length;
  const here = Math.max(0, chain.findLastIndex(({ i }) => i <= at));
  const long = ([first, last]) => all.slice(first, last).reduce((sum, span) =>
    sum + 2 + Math.max(span.firstChild.length, 0.85 * span.lastChild.textContent.length), 0);
  let range = [here, here + 1];
  for (const more of [([a, b]) => [a - 1, b], ([a, b]) => [a, b + 1]]) {
    for (let next = more(range); next[0] >= 0 && next[1] <= all.length && long(next) < room;
      next = more(range)) range = next;
  }
  const part = all.slice(...range);
  if (range[0] > 0) part.unshift(make('span', '', '…'));
  if (range[1] < all.length) part.push(make('span', '', '…'));
  if (whole) {
    part.push(make('span', 'whole', [`= ${show(now.gradients[target], nodes[target].shape, 4, 16)}`]));
  }
  $('chain').replaceChildren(name, ...part);
}
// What a gradient step would make of the input that was picked last.
function drawNext() {
  const [w, g] = [inputs[target], now.gradients[target]], rate = Number($('rate').value);
  const told = playable && g?.length <= 2, list = entries => show(entries, nodes[target].shape);
  $('from').textContent = told ? `${label(target)} ← ${list(w)} − ` : 'w ← w − ';
  $('to').textContent = !told ? ` · d${label(output)}/dw`
    : ` · ${list(g).replace(/^−.*/, '($&)')} = ${list(w.map((x, i) => x - rate * g[i]))}`;
}
const signs = { add: '+', sub: '−', mul: '*', div: '/', neg: '−□', powf: '^' };
const symbol = k => nodes[k].ours && signs[nodes[k].op] || nodes[k].op;

// 6. The player.
const cells = frames.map((frame, i) => {
  const k = frame.input ?? frame.node, text = frames.length > 40 ? '' :
    nodes[k].name || symbol(k);
  return make('i', i < seed ? 'f' : 'b', text, { 'aria-hidden': 'true' });
});
(function drawTime() {
  const [f, b] = [make('b', 'f', '▸ forward: values'), make('b', 'b', '◂ backward: gradients')];
  [f.style.flexGrow, b.style.flexGrow] = [seed, frames.length - seed];
  b.append(make('span', 'wide', '', { id: 'where' }));
  $('time').prepend(f, b, make('hr'), ...(frames.length > 200 ? [] : cells));
  if (frames.length > 200) $('time').prepend($('slider'));
  if (frames.length > 200) $('time').classList.add('plain');
})();
const lines = [...$('all').querySelectorAll('li')];
const written = lines.map(line => line.lastChild.textContent);
const rule = ({ node }) => nodes[node].ours ? nodes[node].op : '';
const whys = {}; // the list says each rule once
lines.forEach((line, i) => { whys[rule(frames[i])] ??= line.dataset.why; });
function drawList() { // the sentences follow the sliders, too
  lines.forEach((line, i) => {
    const step = now.frames[i], what = titleOf(step, i).replace(/^.*?: /, '');
    line.lastChild.textContent = now === recorded ? written[i] : ` ${what}. ${sentence(step)}`;
  });
}
// Shows a frame; with `kind`, asks for a part of it.
function go(frame, kind = '') {
  at = Math.max(0, Math.min(frames.length - 1, frame || 0));
  const step = now.frames[at];
  asking = canAsk(step).includes(kind) ? kind : '';
  document.body.classList.toggle('asking', asking !== '');
  $('answer').textContent = '';
  for (const id of ['check', 'give-up']) $(id).hidden = !asking;
  const kinds = asking ? [] : canAsk(step);
  $('ask').hidden = !kinds.length;
  $('ask').textContent = `Predict the ${kinds[0]}`;
  $('ask-local').hidden = kinds.length < 2;
  $('slider').value = at;
  const title = titleOf(step, at);
  $('slider').setAttribute('aria-valuetext', `${at + 1} of ${frames.length}: ${title}`);
  if ($('where')) $('where').textContent = ` · step ${at + 1} of ${frames.length}`;
  cells.forEach((cell, i) => cell.classList.toggle('on', i === at));
  lines.forEach((line, i) => { line.className = i === at ? 'now' : ''; });
  if (step.kind === 'backward' && isInput(nodes[step.input])) target = step.input;
  $('title').textContent = title;
  $('title').className = title.length > 46 ? 'long' : '';
  $('said').textContent = sentence(step);
  if (isShared) {
    choose();
    writeFormula();
  }
  $('why').hidden = false;
  $('why').textContent = asking === 'local' ? ''
    : strange.includes(nodes[step.node]) ? 'From the recording: no rule here.'
    : step.kind === 'backward' ? whys[rule(step)] : '';
  drawSource(step); // how wide it is, the formula has to know
  drawFormula(step);
  for (widest of [24, 14, 9]) {
    drawSums(step);
    if ($('step').scrollWidth <= $('step').clientWidth) break;
  }
  drawChain();
  drawNext();
  drawNodes(step);
  drawEdges();
  $('why').hidden = $('step').scrollHeight > $('step').clientHeight; // the sums are enough
  showActive();
  try {
    history.replaceState(null, '', `#f=${at + 1}`);
  } catch { /* the page is part of another one and has no address */ }
}

// 7. Predictions.
function canAsk(step) {
  if (step.kind === 'forward') {
    return isInput(nodes[step.node]) || now.values[step.node].length > 1 ? [] : ['value'];
  }
  if (step.kind === 'seed' || step.product.length > 1 || isMapStep(step)) return [];
  return [step.local].flat().length === 1 && step.upstream.length === 1
    ? ['product', 'local'] : [];
}
function ask(kind) {
  stop();
  go(at, kind);
  $('guess')?.focus({ preventScroll: true });
}
function askNext() { // P asks for the one, then for the other
  const kinds = canAsk(now.frames[at]);
  if (kinds.length) ask(kinds[asking ? (kinds.indexOf(asking) + 1) % kinds.length : 0]);
}
// Holds the prediction against the number, and names the slip where one explains it.
function check() {
  const text = $('guess').value.trim().replace(',', '.').replace('−', '-'), guess = Number(text);
  const step = now.frames[at], kind = asking;
  const local = [step.local].flat()[0];
  const truth = { value: now.values[step.node][0], local, product: step.product?.[0] }[kind];
  // Right is the number, rounded to the digits that were typed, if these are two at least.
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
    : kind === 'local' ? is(step.product[0]) ? ': that is the product; upstream is not asked' : ''
    : kind === 'value' ? ''
    : is(local) ? ': that is the local derivative; times upstream is missing'
    : is(step.upstream[0]) ? ': that is upstream; times the local derivative is missing'
    : step.before && is(step.after[0]) ? ': that is the gradient after, with what came before'
    : '';
  const correct = is(truth) || Object.is(guess, truth);
  score[kind] ??= [0, 0];
  score[kind][0] += correct ? 1 : 0;
  score[kind][1] += 1;
  go(at);
  const gap = `${digits(truth, 6)}, off by ${digits(guess - truth, 4)}${slip}`;
  const [right, asked] = score[kind];
  $('answer').textContent = `${correct ? '✓ right' : `✗ it is ${gap}`} (${kind}: ${right} of ${asked})`;
  $('why').hidden = true; // here is the room for the answer
  $('ask').focus({ preventScroll: true });
}

// 8. By hand, for one logistic neuron whose inputs have the usual names: with z = Σ w x + b and
// m examples, dL/dw = Σ (a − y) x / m and dL/db = Σ (a − y) / m.
const named = name => nodes.findIndex(node => node.used && isInput(node) && node.name === name);
const weights = nodes.flatMap((node, k) =>
  node.used && isInput(node) && /^w\d*$/.test(node.name) && node.varies ? [k] : []);
function byHand(set) {
  const b = named('b'), signs = named('(1-2Y)'), y = named('y');
  if (weights.length === 0 || b < 0 || Math.max(signs, y) < 0) return null;
  // Rows of X: the x of each weight, or the matrix X.
  const wide = signs >= 0, m = wide ? set[signs].length : 1, X = named('X');
  if (wide && (X < 0 || weights.length > 1 || nodes[X].shape[0] !== set[weights[0]].length)) {
    return null;
  }
  const w = weights.flatMap(k => set[k]);
  const rows = wide ? w.map((_, i) => set[X].slice(i * m, (i + 1) * m))
    : weights.map(k => set[named('x' + nodes[k].name.slice(1))]);
  if (rows.includes(undefined) || rows.length !== w.length) return null;
  const each = Array.from({ length: m }, (_, j) => {
    const z = w.reduce((sum, w, i) => sum + w * rows[i][j], set[b][0]);
    const a = 1 / (1 + Math.exp(-z)), label = wide ? (1 - set[signs][j]) / 2 : set[y][j];
    return { a, y: label, cost: -(label * Math.log(a) + (1 - label) * Math.log(1 - a)) };
  });
  const mean = f => each.reduce((sum, one, j) => sum + f(one, j), 0) / m;
  const parts = w.map((_, i) => mean(({ a, y }, j) => (a - y) * rows[i][j]));
  const slopes = { [b]: [mean(({ a, y }) => a - y)] };
  for (const k of weights) slopes[k] = set[k].map(() => parts.shift());
  return { cost: mean(one => one.cost), slopes, nearest: Math.min(...each.map(one =>
    Math.abs(one.a - one.y))) };
}
// Names alone prove nothing: the cost must be that of logistic regression, for both labels.
const isNeuron = playable && [0, 1].every(y => {
  const other = start.map((x, k) => k === named('y') ? [y] : k === named('(1-2Y)')
    ? x.map(() => 1 - 2 * y) : x);
  const hand = byHand(other);
  return hand && Math.abs(hand.cost - costAt(other)) < 1e-9;
});

// The inputs, entry by entry: [node, entry, its name].
const entries = [true, false].flatMap(varies => nodes.flatMap((node, k) => {
  if (!node.used || !isInput(node) || node.varies !== varies) return [];
  const size = sizeOf(node.shape);
  if (size > (varies ? 60 : 6)) return [];
  const name = i => size === 1 ? label(k) : node.shape.includes(1) ? `${label(k)}[${i}]`
    : `${label(k)}[${Math.floor(i / node.shape[1])},${i % node.shape[1]}]`;
  return Array.from({ length: size }, (_, i) => [k, i, name(i)]);
}));
const vars = entries.filter(([k]) => nodes[k].varies);
const changed = (set, k, i, to) =>
  set.map((x, other) => other === k ? x.map((v, e) => e === i ? to : v) : x);
// What the rounding of each value, carried on by its gradient, makes of the output.
const rounding = () => 2 ** -52 * now.gradients.flatMap((list, k) =>
  (list ?? []).map((g, i) => Math.abs(g * now.values[k][i]))).reduce((sum, x) => sum + x, 1e-300);
function judge(k, i) {
  const x = inputs[k][i], own = (now.gradients[k] ?? [0])[i] ?? 0;
  const h = Math.cbrt(2 ** -52) * Math.max(1, Math.abs(x));
  const moved = by => costAt(changed(inputs, k, i, x + by));
  const quotient = (moved(h) - moved(-h)) / (2 * h);
  const noise = rounding() / h;
  const sides = [(moved(h) - moved(0)) / h, (moved(0) - moved(-h)) / h];
  const hand = isNeuron ? byHand(inputs).slopes[k][i] : null;
  const close = y => own === 0 && Math.abs(y) <= noise ? 15 : agreement(own, y);
  // Next to a minimum it can be told as far as the slopes nearby allow.
  const near = Math.abs(own - quotient) <= 1e-4 * Math.abs(sides[0] - sides[1]);
  const good = Math.min(Math.max(close(quotient), near ? 6 : 0), hand === null ? 15 : close(hand));
  return { own, hand, quotient, noise, good, handGood: hand === null ? 15 : close(hand),
    sides };
}
// What the judges say together, and where they differ, why.
function verdict(all) {
  const worst = Math.min(...all.map(one => one.good)), bad = all.find(one => one.good < 6);
  const count = isNeuron ? 'All three' : 'Both';
  if (!bad) {
    const steepest = all.reduce((most, one, row) =>
      Math.abs(one.own) > Math.abs(all[most].own) ? row : most, 0);
    return [`✓ ${count} agree in ${worst} digits; differences tell no more. ` +
      (all[steepest].own ? `Of the variables ${vars[steepest][2]} moves ${label(output)} most.`
        : 'All slopes are 0 here.'), ''];
  }
  const infinite = nodes.findIndex((node, k) => node.used && !now.values[k].every(Number.isFinite));
  const [above, below] = bad.sides, kinks = ['relu', 'leaky_relu', 'abs', 'max', 'min'];
  const saturated = isNeuron && byHand(inputs).nearest < 1e-7;
  // A difference that has lost nine of its digits.
  const lost = nodes.findIndex((node, k) => node.used && /^(add|sub)$/.test(node.op) &&
    now.values[k].some((x, i) => x && node.operands.some(o =>
      Math.abs(x) < 1e-9 * Math.abs(o.number ?? now.values[o.node][i] ?? 0))));
  const why = infinite >= 0 || ![bad.own, bad.quotient].every(Number.isFinite)
    ? `${infinite >= 0 ? `${label(infinite)} = ${symbol(infinite)} is ${valueOf(infinite)}` :
      'A number'} has left what f64 can hold: overflow. See docs/23_numerics.md.`
    : nodes.some(node => node.used && kinks.includes(node.op)) &&
      agreement(above, below) < 3 && Math.abs(above - below) > 100 * bad.noise
      ? 'A kink: to the left and to the right the slope differs. See docs/05_four_judges.md.'
      : saturated && bad.handGood < 6
        ? 'The closed form lost its digits: a is so close to y that a − y is mostly rounding ' +
          '(saturation). See docs/23_numerics.md.'
        : lost >= 0
          ? `${label(lost)} = ${write(lost, () => true).textContent} is mostly rounding ` +
            '(saturation), and so is the gradient through it. See docs/23_numerics.md.'
        : Math.abs(bad.own - bad.quotient) <= 20 * bad.noise
          ? `The difference quotient lost its digits: ${label(output)} moves by less than ` +
            'rounding. See docs/23_numerics.md.'
          : 'They differ: look closer.';
  return [`≠ ${why}`, 'differ'];
}

const reachOf = ([k, i]) =>
  Number.isFinite(start[k][i]) ? Math.max(4, 2 * Math.abs(start[k][i])) : 4;
// L over each input, the others as they are. All have one scale: the steepest has the largest slope.
function drawCurves(all) {
  const cost = now.values[output][0];
  if (vars.length * nodes.length > 4000 || !Number.isFinite(cost)) return;
  const curves = vars.map(entry => {
    const [k, i] = entry, reach = reachOf(entry);
    return Array.from({ length: 41 }, (_, n) => reach * (n / 20 - 1)).map(x =>
      [x, costAt(changed(inputs, k, i, x))]);
  });
  const finite = curves.flat().map(([, L]) => L).filter(Number.isFinite);
  const least = Math.min(cost, ...finite);
  const span = Math.max(3 * (cost - least), (Math.max(...finite) - least) / 20) || 1;
  vars.forEach((entry, row) => {
    const [k, i] = entry, reach = reachOf(entry), slope = all[row].own;
    const point = ([x, L]) => [60 + 60 * x / reach, 33 - 30 * (L - least) / span];
    const x = inputs[k][i], [px, py] = point([x, cost]), step = reach / 3;
    const tangent = [-step, step].map(d => point([x + d, cost + slope * d]));
    const parts = $('rows').rows[row].querySelectorAll('svg path');
    const drawn = curves[row].filter(([, L]) => Number.isFinite(L)).map(point);
    parts[0].setAttribute('d', drawn.length ? path(drawn) : '');
    parts[1].setAttribute('d', path(tangent));
    parts[1].setAttribute('class', `slope ${colours[glyph([slope])]}`);
    parts[2].setAttribute('d', `M${px.toFixed(1)} ${py.toFixed(1)}V33`);
    const dot = $('rows').rows[row].querySelector('circle');
    dot.setAttribute('cx', px.toFixed(1));
    dot.setAttribute('cy', py.toFixed(1));
  });
}
function drawInputs() {
  entries.forEach(([k, i], row) => {
    const { cells } = $('rows').rows[row];
    cells[1].querySelector('input').value = inputs[k][i];
    cells[2].textContent = digits(inputs[k][i]);
  });
  const all = vars.map(([k, i]) => judge(k, i));
  all.forEach(({ own, hand, quotient, good }, row) => {
    const { cells } = $('rows').rows[row];
    cells[3].textContent = `${glyph([own])} ${digits(own, 10)}`;
    cells[3].className = `judged ${colours[glyph([own])]}`;
    cells[4].textContent = hand === null ? '' : digits(hand, 10);
    cells[5].textContent = digits(quotient, 10);
    cells[6].textContent = good < 6 ? `≠ ${good} digits` : `✓ ${good} digits`;
  });
  const [text, className] = verdict(all);
  [$('verdict').textContent, $('verdict').className] = [vars.length ? text : '', className];
  drawCurves(all);
  const cost = now.values[output][0], told = [...costs, cost];
  const top = Math.max(...told.filter(Number.isFinite)), low = Math.min(0, ...told);
  const dots = told.map((L, i) => [4 + i * Math.min(12, 122 / told.length),
    30 - 26 * ((L - low) / (top - low) || 0)]);
  const [cx, cy] = dots.at(-1);
  $('falls').replaceChildren(svgPart('path', 'grid', { d: 'M0 31H130' }),
    svgPart('path', 'curve', { d: path(dots) }), svgPart('circle', '', { cx, cy, r: 3 }));
  $('cost').textContent = `${label(output)} = ${digits(cost)}`;
  $('falls').setAttribute('aria-label', `${label(output)} over ${costs.length} gradient steps`);
}
// Everything anew, for these inputs.
function set(values) {
  inputs = values;
  now = values === start ? recorded : compute(values);
  drawInputs();
  go(at); // a question that was open is closed
  drawList();
}
function descend() {
  const rate = Number($('rate').value);
  costs.push(now.values[output][0]);
  set(inputs.map((x, k) => nodes[k].used && isInput(nodes[k]) && nodes[k].varies
    ? x.map((v, i) => v - rate * (now.gradients[k]?.[i] ?? 0)) : x));
}
function makeInputs() {
  for (const entry of entries) {
    const [k, i, name] = entry, { varies } = nodes[k], reach = reachOf(entry);
    const binary = !varies && [0, 1].includes(start[k][i]);
    const limits = binary ? { min: 0, max: 1, step: 1 } : { min: -reach, max: reach, step: 'any' };
    const range = make('input', '', [], { type: 'range', 'aria-label': name, ...limits });
    range.addEventListener('input', () => {
      costs = [];
      set(changed(inputs, k, i, Number(range.value)));
    });
    const box = make('span', varies ? 'range curved' : 'range', range);
    if (varies) {
      const parts = ['curve', 'slope', 'stem'].map(name => svgPart('path', name));
      box.prepend(svgPart('svg', '', { viewBox: '0 0 120 34', preserveAspectRatio: 'none',
        'aria-hidden': 'true' }, [...parts, svgPart('circle', '', { r: 4 })]));
    }
    const row = $('rows').insertRow();
    row.append(make('th', '', name, { scope: 'row' }), make('td', '', box), make('td'));
    if (!varies) row.append(make('td', 'quiet', 'constant', { colspan: 4 }));
    else for (const title of ['backprop', 'closed form', 'difference', '']) {
      row.append(make('td', 'judged', [], { 'data-title': title }));
    }
    row.firstChild.addEventListener('click', () => { target = k; go(at); });
  }
  if (!isNeuron) $('rows').parentNode.classList.add('two');
}
function showRecorded() { // nothing can be dragged: the gradients alone
  for (const [k, i, name] of vars) {
    const own = (recorded.gradients[k] ?? [0])[i] ?? 0, row = $('rows').insertRow();
    row.append(make('th', '', name, { scope: 'row' }), make('td'),
      make('td', '', digits(start[k][i])), make('td', colours[glyph([own])],
        `${glyph([own])} ${digits(own, 10)}`, { 'data-title': 'backprop' }));
  }
  $('rows').parentNode.classList.add('two', 'one');
  $('drag').textContent = '';
  $('verdict').textContent = replay();
  document.querySelector('.after').hidden = true;
}

function replay() {
  if (!playable) {
    const names = [...new Set(strange.map(node => node.op))].join(', ');
    return `Shown from the recording: this page has no rules for ${names}.`;
  }
  const own = compute(start);
  let worst = 0;
  const compare = (mine, theirs) => mine.forEach((all, k) => all?.forEach((x, i) => {
    const y = theirs[k]?.[i];
    if (x === y || Object.is(x, y)) return;
    const apart = Math.abs(x - y) / Math.max(Math.abs(x), Math.abs(y));
    worst = apart <= worst ? worst : apart; // NaN counts, too
  }));
  compare(own.values, recorded.values);
  compare(own.gradients, recorded.gradients);
  compare(own.frames.map(frame => frame.product), frames.map(frame => frame.product));
  const count = list => list.filter(Boolean).length;
  return replayed(`${count(own.values)} values and ${count(own.gradients)} gradients`, worst);
}

// 9. Keys, clicks, addresses.
$('all').open = false;
$('slider').max = frames.length - 1;
for (const [i, box] of boxes.entries()) {
  const pick = () => {
    const k = shown[i];
    const place = frames.findIndex(frame => frame.kind === 'forward' && frame.node === k);
    if (isInput(nodes[k]) && nodes[k].varies && at >= seed) { target = k; go(at); } else go(place);
  };
  box.setAttribute('role', 'img');
  box.addEventListener('click', pick);
  box.addEventListener('keydown', event => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) boxes[(boxes.indexOf(box) + by + boxes.length) % boxes.length].focus();
    if (by) event.preventDefault();
    if (event.key === 'Enter') pick();
  });
}
$('rate').addEventListener('input', drawNext);
for (const g of picture.querySelectorAll('[data-edge]')) {
  g.addEventListener('click', () => go(stepOf(g) ?? at));
}
document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && asking) go(at);
  if (event.target.id === 'guess' && event.key === 'Enter') {
    check();
    event.preventDefault();
  }
});
player(frames.length - 1, () => Number($('speed').value), { check,
  ask: () => ask(canAsk(now.frames[at])[0]), 'ask-local': () => ask('local'),
  'give-up': () => go(at), predict: askNext, descend,
  reset: () => { costs = []; set(start); } }, { '?': 'predict', p: 'predict', P: 'predict' });
const linked = () => Number(/^#f=(\d+)$/.exec(location.hash)?.[1] ?? 1) - 1;
window.addEventListener('hashchange', () => go(linked()));
$('all').querySelector('ol').addEventListener('click', event => {
  if (event.target.tagName !== 'A') return;
  event.preventDefault(); // to the frame, not to its line in the list
  go(Number(event.target.hash.slice(3)) - 1);
  scrollTo(0, 0);
});
window.addEventListener('resize', () => go(at, asking));
$('replay').textContent = replay();
target = vars.length ? vars[0][0] : -1;
if (playable) { makeInputs(); drawInputs(); } else showRecorded();
// From here on #f=16 means the frame, no longer its line in the list.
lines.forEach(line => line.removeAttribute('id'));
scrollTo(0, 0);
go(linked());
