'use strict';
// What both pages share: numbers, elements, and a player for the steps.

const $ = id => document.getElementById(id);
// What Rust wrote. Numbers that JSON lacks are texts there.
const special = { NaN, Infinity, '-Infinity': -Infinity };
const read = id => JSON.parse($(id).textContent, (key, value) =>
  /^(\d+|local|number)$/.test(key) && Object.hasOwn(special, value) ? special[value] : value);

// Numbers as Rust writes them, but with a true minus and without a negative zero.
function digits(x, decimals = 4) {
  const text = String(x || (Number.isNaN(x) ? x : 0)), size = Math.abs(x);
  const short = text.length <= decimals + 2 && !text.includes('e');
  const cut = short ? text : !Number.isFinite(x) ? text.replace('Infinity', 'inf')
    : size >= 1e-3 && size < 1e5 ? x.toFixed(decimals)
    : x.toExponential(Math.max(0, decimals - 2)).replace('e+', 'e');
  return cut.replace(/-/g, '−');
}
const glyph = entries => entries.some(Number.isNaN) ? '!'
  : entries.some(x => x > 0) ? (entries.some(x => x < 0) ? '±' : '▲')
  : entries.some(x => x < 0) ? '▼' : '○';
const colours = { '▲': 'c0', '▼': 'c1', '○': 'c5', '±': 'c3', '!': 'c3' };
// How many digits two numbers have in common, 15 at most.
function agreement(x, y) {
  if (x === y) return 15;
  const apart = Math.abs(x - y) / Math.max(Math.abs(x), Math.abs(y));
  return Math.max(0, Math.min(15, Math.floor(-Math.log10(apart)))) || 0;
}
// Two implementations check each other: this page's numbers against Rust's.
const replayed = (what, worst) => `Checked: this page computed ${what} anew; max. relative ` +
  `difference from Rust: ${worst ? worst.toExponential(1) : '0'}`;
const path = points => 'M' + points.map(p => p.map(c => c.toFixed(2))).join('L');

// An element with a class, some text or children, and attributes; of the page, or of a picture.
function fill(element, className, content, attributes) {
  element.setAttribute('class', className);
  element.append(...[content].flat());
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
const make = (tag, className = '', content = [], attributes = {}) =>
  fill(document.createElement(tag), className, content, attributes);
const svgPart = (tag, className = '', attributes = {}, content = []) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', tag), className, content, attributes);

// The player. Each page says which step is shown, `at`, how to `go` to another, which is the last,
// and for how long each is shown.
let at = 0, timer = null;
function stop() {
  clearInterval(timer);
  timer = null;
  $('play').textContent = 'Play';
}
function player(last, pause, more = {}, moreKeys = {}) {
  const play = () => {
    if (timer) { stop(); return; }
    if (at === last) go(0);
    timer = setInterval(() => {
      go(at + 1);
      if (at === last) stop();
    }, pause());
    $('play').textContent = 'Stop';
  };
  const presses = { first: () => go(0), back: () => go(at - 1), next: () => go(at + 1),
    last: () => go(last), play, ...more };
  const keys = { ArrowRight: 'next', ArrowLeft: 'back', Home: 'first', End: 'last', ' ': 'play',
    ...moreKeys };
  for (const [id, action] of Object.entries(presses)) {
    $(id)?.addEventListener('click', () => { if (id !== 'play') stop(); action(); });
  }
  $('slider').addEventListener('input', () => { stop(); go(Number($('slider').value)); });
  document.addEventListener('keydown', event => {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    // What moves a slider, is typed into a field or presses a button is no command.
    if (/^(INPUT|SELECT)$/.test(target.tagName)) return;
    if (key === ' ' && /^(BUTTON|SUMMARY)$/.test(target.tagName)) return;
    if (!Object.hasOwn(keys, key)) return;
    event.preventDefault();
    if (key !== ' ') stop();
    presses[keys[key]]();
  });
  document.addEventListener('visibilitychange', () => { if (document.hidden) stop(); });
  document.querySelectorAll('.script').forEach(part => { part.hidden = false; });
}
