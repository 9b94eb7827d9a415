'use strict';
// One iteration, said four times: picture, weights, counts, and the curves, which are the timeline.
// Costs, gradients and counts are Rust's. Where the page has the examples, it computes the
// probabilities anew, and the costs, to check them.

const { features, label, rate, means, deviations, parts, moments, ...data } = read('run');
// A class that is a number says little without its label.
const classes = data.classes.map(name => Number.isNaN(Number(name)) ? name : `${label}=${name}`);
const last = moments.length - 1, end = moments[last];
const names = [...features, 'bias b'];
const sum = (xs, f) => xs.reduce((total, x, i) => total + f(x, i), 0);
const examples = parts.flatMap(({ x, y }, part) => x === null ? [] : y.map((label, j) => {
  const raw = x.slice(j * features.length, (j + 1) * features.length);
  return { raw, x: raw.map((v, i) => (v - means[i]) / deviations[i]), y: label, part };
}));
const logit = (example, { w }) => sum(example.x, (v, i) => w[i] * v) + w.at(-1);
const sigmoid = z => z < 0 ? Math.exp(z) / (1 + Math.exp(z)) : 1 / (1 + Math.exp(-z));
const probability = (example, moment) => sigmoid(logit(example, moment));
// −ln a for y = 1, −ln(1 − a) for y = 0.
const loss = (example, moment) => {
  const z = logit(example, moment) * (example.y ? -1 : 1);
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
};
const isWrong = (example, moment) => (probability(example, moment) > 0.5) !== (example.y === 1);
const side = x => x < 0 ? 'y0' : 'y1';

// 1. The picture.
const [west, east, north, south] = [46, 545, 10, 395];
// Of many examples every k-th is drawn, and every mistake.
const every = Math.ceil(examples.length / 400);
const drawn = moment => examples.filter((e, j) => j % every === 0 || isWrong(e, moment));
function mark(example, moment, x, y) { // the class is a shape and a colour, a mistake a ring
  const kind = `mark ${example.part ? 'test' : ''}`;
  const shape = example.y ? svgPart('path', kind, { d: `M${x} ${y - 5}l5 9h-10z` })
    : svgPart('circle', kind, { cx: x, cy: y, r: 4 });
  const ring = isWrong(example, moment)
    ? [svgPart('circle', 'wrong', { cx: x, cy: y, r: 9 })] : [];
  return svgPart('g', `y${example.y}`, {}, [shape, ...ring]);
}
const write = (text, x, y, anchor) => svgPart('text', '', { x, y, 'text-anchor': anchor }, text);
// A colour for each probability, along a line from one point to another.
function shading([x1, y1], [x2, y2], stops) {
  const gradient = svgPart('linearGradient', '', { id: 'shade', gradientUnits: 'userSpaceOnUse',
    x1, y1, x2, y2 }, stops.map(([offset, p]) => svgPart('stop', p < 0.5 ? 'y0' : 'y1',
    { offset, 'stop-opacity': Math.abs(p - 0.5) })));
  return [gradient, svgPart('rect', '', { x: west, y: north, width: east - west,
    height: south - north, fill: 'url(#shade)' })];
}
// About six round numbers.
function ticks(low, high) {
  const size = 10 ** Math.floor(Math.log10((high - low) / 6));
  const step = size * [1, 2, 5, 10].find(s => s * size >= (high - low) / 7);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)));
}
// Two features: the plane, with the lines on which P is 0.1, 0.5 and 0.9.
function plane(moment) {
  const ranges = [0, 1].map(i => {
    const all = examples.map(({ raw }) => raw[i]), [a, b] = [Math.min(...all), Math.max(...all)];
    const edge = (b - a) / 20 || 1;
    return [a - edge, b + edge];
  });
  const [[a, b], [c, d]] = ranges;
  const px = x => west + (east - west) * (x - a) / (b - a);
  const py = y => south - (south - north) * (y - c) / (d - c);
  // z = A px + B py + C in pixels: the lines of one probability are straight.
  const slope = i => moment.w[i] / deviations[i];
  const A = slope(0) * (b - a) / (east - west), B = -slope(1) * (d - c) / (south - north);
  const corner = moment.w[2] + slope(0) * (a - means[0]) + slope(1) * (c - means[1]);
  const C = corner - A * west - B * south;
  const size = A * A + B * B, [midX, midY] = [(west + east) / 2, (north + south) / 2];
  const on = z => { // the point of this z that is closest to the middle
    const t = (z - C - A * midX - B * midY) / size;
    return [midX + A * t, midY + B * t];
  };
  const parts = [];
  if (size > 0 && Number.isFinite(size)) {
    const levels = [-4, -3, -2, -1, 0, 1, 2, 3, 4];
    parts.push(...shading(on(-4), on(4), levels.map(z => [(z + 4) / 8, sigmoid(z)])));
    const far = 900 / Math.sqrt(size);
    const levelLines = [[0, 'boundary'], [-Math.log(9), 'thin'], [Math.log(9), 'thin']];
    const lines = levelLines.map(([z, kind]) => {
      const [x, y] = on(z), [dx, dy] = [B * far, A * far];
      return svgPart('path', `line ${kind}`, { d: `M${x - dx} ${y + dy}L${x + dx} ${y - dy}` });
    });
    parts.push(svgPart('clipPath', '', { id: 'frame' },
      svgPart('rect', '', { x: west, y: north, width: east - west, height: south - north })),
    svgPart('g', '', { 'clip-path': 'url(#frame)' }, lines));
  }
  return [...parts, svgPart('path', 'axis', { d: `M${west} ${north}V${south}H${east}` }),
    ...drawn(moment).map(e => mark(e, moment, px(e.raw[0]), py(e.raw[1]))),
    ...ticks(a, b).map(t => write(digits(t), px(t), south + 17, 'middle')),
    ...ticks(c, d).map(t => write(digits(t), west - 6, py(t) + 5, 'end')),
    write(`${features[0]} →`, east, south + 36, 'end'),
    write(`↑ ${features[1]}`, west + 6, north + 16)];
}
// Any number of features: the examples in the order of their probability.
function sorted(moment) {
  const order = drawn(moment).map(e => [probability(e, moment), e]).sort(([p], [q]) => p - q);
  const x = i => west + 12 + (east - west - 24) * i / order.length;
  const y = p => south - (south - north - 10) * p;
  return [...shading([0, south], [0, north], [0, 0.5, 1].map(p => [p, p])),
    ...[0, 0.1, 0.5, 0.9, 1].flatMap(p => [write(p, west - 6, y(p) + 5, 'end'), svgPart('path',
      p % 1 ? `line ${p === 0.5 ? '' : 'thin'}` : 'axis', { d: `M${west} ${y(p)}H${east}` })]),
    ...order.map(([p, e], i) => mark(e, moment, x(i), y(p))),
    write(`↑ P(${classes[1]})`, west + 6, north + 26),
    write('all examples in this order →', east, south + 22, 'end')];
}

// 2. Weights and gradient: by size if they are many, the bias last.
const order = features.map((_, i) => i);
if (order.length > 8) order.sort((i, j) => Math.abs(end.w[j]) - Math.abs(end.w[i]));
const rows = [...order.slice(0, 40), features.length];
const reach = Math.max(...moments.flatMap(({ w }) => w.map(Math.abs)).filter(Number.isFinite)) || 1;
const bar = (x, kind) => svgPart('path', `${side(x)} ${kind}`,
  { d: `M68 5H${68 + 60 * Math.max(-1, Math.min(1, x / reach || 0))}V21H68z` });
const kinds = names => names.map((name, y) => make('span', side(y - 0.5), `${'●▲'[y]} ${name}`));
function row(moment, i) {
  const [w, g] = [moment.w[i], moment.backprop[i]], cell = (text, className, title = '') =>
    make('td', className, text, { 'data-title': title });
  return make('tr', '', [make('th', 'mono', names[i], { scope: 'row', title: names[i] }),
    make('td', '', svgPart('svg', 'bar', { viewBox: '0 0 136 26', 'aria-hidden': true },
      [svgPart('path', 'axis', { d: 'M68 0V26' }), bar(end.w[i], 'ghost'), bar(w, 'full')])),
    cell(digits(w)), cell(`${glyph([g])} ${digits(g, 8)}`, colours[glyph([g])], 'backprop'),
    cell(digits(moment.closed[i], 8), '', 'closed form'), cell(moment.digits[i])]);
}
function verdict({ digits, agree }) {
  const least = Math.min(...digits.map(text => Number(text.slice(2))));
  if (!agree) return '≠ Backprop and closed form differ: one of the two is wrong.';
  return least < 8 ? '✓ They agree: terms cancel here, and the last digits are rounding.'
    : `✓ Backprop and closed form agree in ${least} digits at least. ` +
      'Dotted: where the weights end.';
}
function update({ w, backprop }) {
  const i = backprop.reduce((most, g, i) => Math.abs(g) > Math.abs(backprop[most]) ? i : most, 0);
  const step = digits(backprop[i]).replace(/^−.*/, '($&)');
  return `moves most: ${names[i]} ← ${digits(w[i])} − ${rate} · ${step} = ${digits(w[i] - rate * backprop[i])}`;
}
function hardest(moment) {
  const training = examples.filter(e => e.part === 0);
  if (!training.length) return '';
  const hard = training.reduce((a, b) => loss(b, moment) > loss(a, moment) ? b : a);
  const many = hard.raw.length > 4, values = hard.raw.slice(0, many ? 2 : 4).map(x => digits(x));
  return `worst in training: ${values.join(', ')}${many ? ', …' : ''} is ${classes[hard.y]}, but P(${classes[1]}) = ` +
    digits(probability(hard, moment));
}

// 3. How often it is right, and what is taken for what.
function counts(name, table) {
  const all = sum(table.flat(), n => n), hits = table[0][0] + table[1][1];
  const head = classes.map(answer => make('th', '', `says ${answer}`, { scope: 'col' }));
  const line = y => make('tr', '', [make('th', '', `is ${classes[y]}`, { scope: 'row' }),
    ...table[y].map((n, answer) =>
      make('td', '', make('span', n && y !== answer ? 'missed' : '', n)))]);
  return make('div', '', [make('b', '', `${(100 * hits / all).toFixed(1)} %`),
    make('small', '', ` right in ${name}: ${hits} of ${all}`),
    make('table', '', [make('thead', '', make('tr', '', [make('td'), ...head])),
      make('tbody', '', [line(0), line(1)])])]);
}

// 4. The curves: heights are in per cent, the cost from 2 to 44, the weights from 50 to 86.
const across = k => last ? 1000 * k / last : 0;
const finite = xs => xs.filter(Number.isFinite);
const costTop = Math.max(...finite(moments.flatMap(m => m.cost)));
const weights = finite(moments.flatMap(m => m.w));
const [low, high] = [Math.min(0, ...weights), Math.max(0, ...weights)];
const costAt = cost => 44 - 42 * cost / costTop;
const weightAt = w => 86 - 36 * ((w - low) / (high - low) || 0);
const curve = (height, kind) => svgPart('path', `line ${kind}`, { d: path(moments.map((m, k) =>
  [across(k), height(m)]).filter(([, y]) => Number.isFinite(y))) });
const shown = [...order].sort((i, j) => Math.abs(end.w[j]) - Math.abs(end.w[i])).slice(0, 6);
shown.push(features.length);
const heights = [m => costAt(m.cost[0]), ...shown.map(i => m => weightAt(m.w[i]))];
const now = svgPart('path', 'now'), dots = svgPart('path', 'dots');
$('curves').append(svgPart('path', 'axis', { d: `M0 44H1000M0 ${weightAt(0)}H1000` }),
  curve(heights[0], ''), curve(m => costAt(m.cost[1]), 'thin'),
  ...shown.map(i => curve(m => weightAt(m.w[i]), side(end.w[i]))), now, dots);
function place(text, kind, leftAt, topAt) {
  const span = make('span', kind, text);
  span.style.left = leftAt;
  span.style.top = topAt;
  $('labels').append(span);
  return span;
}
const costLabel = place('', 'end', '', '25%');
let free = 41; // labels at the ends, one below the other
for (const i of shown.sort((i, j) => end.w[j] - end.w[i])) {
  free = Math.max(free + 8.5, Math.min(weightAt(end.w[i]), 96 - 8.5 * (shown.length - 1)));
  place(names[i], `end ${side(end.w[i])}`, '', `${free}%`);
}
for (const quarter of last < 4 ? [0, 4] : [0, 1, 2, 3, 4]) {
  const k = Math.round(last * quarter / 4);
  const text = `${quarter ? '' : 'iteration '}${moments[k].iteration}`;
  place(text, `tick at${quarter}`, `${across(k) / 10}%`, '');
}

function go(k) {
  at = Math.max(0, Math.min(last, k));
  const moment = moments[at], { iteration, cost } = moment;
  $('slider').value = at;
  $('title').textContent = `Iteration ${iteration} of ${end.iteration}: cost = ${digits(cost[0])}`;
  $('slider').setAttribute('aria-valuetext', $('title').textContent);
  if (examples.length) {
    $('picture').replaceChildren(...(features.length === 2 ? plane : sorted)(moment));
    const wrong = examples.filter(e => isWrong(e, moment)).length;
    $('picture').setAttribute('aria-label',
      `${wrong} of ${examples.length} examples are on the wrong side of P = 0.5`);
  }
  $('rows').replaceChildren(...rows.map(i => row(moment, i)));
  $('verdict').textContent = verdict(moment);
  $('verdict').className = moment.agree ? '' : 'differ';
  $('update').textContent = update(moment);
  $('hardest').textContent = hardest(moment);
  $('counts').replaceChildren(...['training', 'test'].map((name, part) =>
    counts(name, moment.counts[part])));
  now.setAttribute('d', `M${across(at)} 0V91`);
  dots.setAttribute('d', heights.map(height => height(moment)).filter(Number.isFinite)
    .map(y => `M${across(at)} ${y}h0`).join(''));
  costLabel.replaceChildren(`cost ${digits(cost[0])}`, make('br'),
    `test ${digits(cost[1])} (dashed)`);
}
// The page's own costs against Rust's.
function replay() {
  const groups = parts.map((_, part) => examples.filter(e => e.part === part));
  const apart = moments.flatMap(moment => groups.map((group, part) => {
    const own = sum(group, e => loss(e, moment)) / group.length, rusts = moment.cost[part];
    return Object.is(own, rusts) ? 0 : Math.abs(own - rusts) / Math.abs(rusts);
  }));
  return replayed(`${apart.length} costs`, Math.max(...apart));
}

const formula = [...features.map((name, i) => `w${i + 1}*${name}`), 'b'].join(' + ');
$('formula').textContent =
  `P(${classes[1]}) = sigmoid(${formula.length < 50 ? formula : 'w · x + b'})`;
$('rule').textContent = `w ← w − ${rate} · dw`;
const sizes = parts.map((_, part) => sum(moments[0].counts[part].flat(), n => n));
$('data').textContent = `trained on ${sizes[0]}, tested on ${sizes[1]}`;
const [zero, one] = kinds(data.classes);
$('sides').append(zero, ' ← weight → ', one);
if (order.length > 8) {
  const shown = rows.length > order.length ? order.length : `${rows.length - 1} of ${order.length}`;
  $('scale').textContent = `${shown} features by size ↓`;
}
if (examples.length) {
  $('legend').append(...kinds(classes).flatMap(kind => [kind, ' ']), '· hollow: test · ' +
    'ring: mistake · line: P = 0.5, dashed 0.1, 0.9' + (every > 1 ? ` · of those without a ring one in ${every}` : ''));
  $('replay').textContent = replay();
} else {
  $('examples').hidden = true;
  $('replay').textContent = 'With this many numbers the page holds the recorded iterations alone, ' +
    'and none of the examples.';
}
$('slider').max = last;
player(last, () => 150);
go(last); // playing it begins at the start
