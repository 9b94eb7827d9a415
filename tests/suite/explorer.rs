//! The explorer page: one file that loads nothing, right with and without scripts, in a browser.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::commands::answer;
use crate::common::{all_tests, project, samples};
use chainrule::activation::Activation;
use chainrule::formula::Formula;
use chainrule::scalar::Tape;
use chainrule::tensor::{self, Tensor};
use chainrule::trace::Trace;
use chainrule::view;

/// Logistic regression on one example, with the post's cost.
fn neuron(w1: f64, y: f64) -> Trace {
    let tape = Tape::new();
    let w = [tape.var(w1).named("w1"), tape.var(-2.0).named("w2")];
    let b = tape.var(0.5).named("b");
    let x = [tape.constant(2.0).named("x1"), tape.constant(0.5).named("x2")];
    let y = tape.constant(y).named("y");
    let z = (w[0] * x[0] + w[1] * x[1] + b).named("z");
    let a = z.sigmoid().named("a");
    (-(y * a.ln() + (1.0 - y) * (1.0 - a).ln())).named("L").trace()
}

fn batch() -> Trace {
    let tape = tensor::Tape::new();
    let w = tape.var(Tensor::new(2, 1, vec![1.0, 2.0])).named("w");
    let x = tape.constant(Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]])).named("X");
    w.t().matmul(x).softplus().mean().named("cost").trace()
}

#[test]
fn one_file_that_loads_nothing() {
    for trace in [neuron(1.0, 1.0), batch()] {
        let page = view::html(&trace, "a test");
        assert!(page.len() < 100_000, "{} bytes", page.len());
        assert!(page.contains("default-src 'none'") && !page.contains("unsafe"));
        // The only address is the name of the SVG language, which nobody fetches.
        let page = page.replace("http://www.w3.org/2000/svg", "");
        for loading in ["http:", "https:", "src=", "<link", "@import", "url(", "fetch(", "import("]
        {
            assert!(!page.contains(loading), "{loading}");
        }
        assert_eq!(page.matches("<li id=").count(), trace.frames.len());
    }
}

#[test]
fn names_stay_text_and_numbers_survive() {
    let tape = Tape::new();
    let x = tape.var(0.0).named("</script><b>");
    let y = tape.var(f64::NEG_INFINITY).named("\"]; x {json} {script}");
    let page = view::html(&(x.ln() * 0.0 + y).trace(), "{svg} & <i>");
    assert!(!page.contains("<b>") && !page.contains("<i>"), "{page}");
    assert_eq!(page.matches("</script>").count(), 4);
    assert!(page.contains("<h1>chainrule · {svg} &amp; &lt;i&gt;</h1>"));
    for text in ["\"-Infinity\"", "\"NaN\"", "{json} {script}"] {
        assert!(page.contains(text), "{text}");
    }
}

/// A browser, if there is one.
pub fn browser() -> Option<PathBuf> {
    let names = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found = names.into_iter().map(PathBuf::from).find(|path| path.exists());
    if found.is_none() {
        assert!(!all_tests(), "no browser was found");
        println!("skipped: no Chromium at {names:?}");
    }
    found
}

/// The first of these pages as it is after its scripts have run, and what the console says.
pub fn dom(browser: &Path, pages: &[(String, String)]) -> [String; 2] {
    dom_in(browser, pages, &[])
}

fn dom_in(browser: &Path, pages: &[(String, String)], options: &[&str]) -> [String; 2] {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("chainrule-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, page) in pages {
        std::fs::write(folder.join(name), page).unwrap();
    }
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--virtual-time-budget=5000", "--dump-dom", "--window-size=2000,1200"])
        .arg("--enable-logging=stderr")
        .args(options)
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", folder.join(&pages[0].0).display()))
        .output()
        .unwrap();
    let _ = std::fs::remove_dir_all(&folder);
    let console = String::from_utf8_lossy(&output.stderr).into_owned();
    let console: Vec<&str> = console.lines().filter(|line| line.contains("CONSOLE")).collect();
    [String::from_utf8_lossy(&output.stdout).into_owned(), console.join("\n")]
}

/// What every script that is added to a copy of a page has at hand.
const TOOLS: &str = r##"
const out = [], texts = query => Array.from(document.querySelectorAll(query), x => x.textContent);
const press = (key, target = document.activeElement) =>
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
const say = (what, found) => out.push(`${what}: ${found}`);
// What of an element is outside of the window, or of the box that scrolls it.
function outside(element, frame) {
  const box = element.getBoundingClientRect();
  const { left, top, right, bottom } = frame?.getBoundingClientRect() ??
    { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  return Math.max(left - box.left, top - box.top, box.right - right, box.bottom - bottom) > 2;
}
// All that can be seen or heard, what is read out for pictures and on hovering included.
function told() {
  const shown = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT);
  for (let e = walker.nextNode(); e; e = walker.nextNode()) {
    if (/^(SCRIPT|STYLE)$/i.test(e.tagName)) continue;
    const hidden = !e.checkVisibility({ visibilityProperty: true });
    if (hidden && e.tagName !== 'title') continue;
    for (const name of ['title', 'aria-label', 'aria-valuetext', 'value', 'placeholder']) {
      shown.push(e.getAttribute(name) ?? '');
    }
    for (const node of e.childNodes) if (node.nodeType === 3) shown.push(node.data);
  }
  return shown.join('\n');
}
// The texts that can be seen.
function seenTexts() {
  const all = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const around = text.parentElement;
    if (/\d/.test(text.data) && !/^(SCRIPT|STYLE)$/i.test(around.tagName) &&
      around.checkVisibility({ visibilityProperty: true })) all.push(text);
  }
  return all;
}
const negativeZeros = () => seenTexts().map(text => text.data).filter(text =>
  /(^|[^\w.)])[-−]0(?![.\w])/.test(text));
// Numbers that begin on one line and end on another.
const broken = () => seenTexts().flatMap(text =>
  [...text.data.matchAll(/[-−]?\d[\d.]*(e[-−]?\d+)?/g)].filter(({ 0: number, index }) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + number.length);
    const [first, ...rest] = range.getClientRects();
    return rest.some(rect => rect.top > first.top + 4);
  }).map(([number]) => number));
// Text against what is behind it.
const light = colour => {
  const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map(x => x / 255).map(x =>
    x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
function contrast(element) {
  const style = getComputedStyle(element), inPicture = element.closest('svg');
  let behind = element;
  const clear = colour => /rgba\(.*, 0(\.\d+)?\)|color\(|oklab/.test(colour);
  while (behind.parentElement && clear(getComputedStyle(behind).backgroundColor)) {
    behind = behind.parentElement;
  }
  let ground = getComputedStyle(behind).backgroundColor;
  const box = inPicture && element.closest('[data-node]')?.querySelector('.box');
  if (box) ground = getComputedStyle(box).fill;
  const [a, b] = [light(inPicture ? style.fill : style.color), light(ground)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
"##;

/// Steps through the explorer with the keyboard: what is out of sight, or ugly.
const WALK: &str = r##"
const look = () => document.querySelector('main').innerHTML;
const drawn = () => texts('.graph text:not(.strong, .caption)').join('|');
// What the label of the active edge lies on.
function crossed() {
  if (!floating.textContent) return [];
  const box = floating.getBBox();
  return [...picture.querySelectorAll('.box, .fore, .back, .local')].filter(part => {
    const other = part.getBBox();
    return part !== floating && part.textContent + part.tagName !== 'text' &&
      part.checkVisibility({ visibilityProperty: true }) &&
      box.x < other.x + other.width - 1 && other.x < box.x + box.width - 1 &&
      box.y + 4 < other.y + other.height && other.y < box.y + box.height - 4;
  }).map(part => `${floating.textContent} on ${part.getAttribute('class')} ${at + 1}`);
}
const first = look(), began = target, places = new Set(), away = new Set(), ugly = new Set();
say('starts at', $('where')?.textContent);
for (const _ of frames) {
  places.add(at);
  const active = [...picture.querySelectorAll('.now[data-node]')];
  if (active.some(node => outside(node, picture) || outside(node))) away.add(`node ${at + 1}`);
  if (outside($('step')) || $('step').scrollHeight > $('step').clientHeight + 1) {
    away.add(`step ${at + 1} by ${$('step').scrollHeight - $('step').clientHeight}`);
  }
  if ($('step').scrollWidth > $('step').clientWidth + 1) away.add(`cut ${at + 1}`);
  if (outside($('time'))) away.add('player');
  [...negativeZeros(), ...broken(), ...crossed()].forEach(found => ugly.add(found));
  press('ArrowRight');
}
say('ugly', [...ugly].join());
say('reached', places.size);
say('out of sight', [...away].join());
"##;

/// What a script finds out about the explorer besides.
const SCRIPT: &str = r##"
say('last picture as Rust drew it', drawn() === fromRust);
for (const _ of frames) press('ArrowLeft');
target = began;
go(0);
say('back to the first', look() === first);
press('End');
say('address', location.hash);
press('Home');
target = began;
go(0);
say('end, then home', look() === first);
say('not yet', texts('.gradient').filter(text => text).length);
press('End');
const node = boxes.at(-1);
node.focus();
press('Enter');
say('enter goes to', at === seed - 1 && document.activeElement === node);
press('ArrowUp');
say('up goes to', document.activeElement === boxes.at(-2));
node.blur();
press(' ');
say('space', $('play').textContent);
press(' ');
const table = () => texts('#rows .judged').join(' ');
say('table', table());
if (playable) {
  const ranges = document.querySelectorAll('.range input'), y = [...ranges].at(-1);
  const drag = (range, to) => { range.value = to; range.dispatchEvent(new Event('input')); };
  press('End');
  const before = look(), listed = texts('li').join();
  drag(ranges[0], 2);
  if (isNeuron) drag(y, 0);
  say('dragged', table());
  say('verdict', $('verdict').textContent);
  say('the list follows', texts('li').join() !== listed);
  const widths = Array.from(picture.querySelectorAll('.draw'), x => x.getAttribute('stroke-width'));
  say('picture', `${drawn()} ${widths}`);
  $('reset').click();
  say('reset', look() === before && texts('li').join() === listed);
  const [costBefore, w] = [now.values[output][0], inputs[vars[0][0]][0]];
  $('descend').click();
  say('descended', `${now.values[output][0] < costBefore} ${inputs[vars[0][0]][0]} ` +
    `${w - 0.5 * recorded.gradients[vars[0][0]][0]}`);
  $('reset').click();
  // Of each kind of question one whose answer no other number gives away.
  for (const kind of ['value', 'product', 'local']) {
    const truthOf = step => ({ value: () => now.values[step.node][0],
      product: () => step.product[0], local: () => [step.local].flat()[0] })[kind]();
    const i = frames.findIndex((frame, i) => {
      if (!canAsk(now.frames[i]).includes(kind)) return false;
      const text = digits(Math.abs(truthOf(now.frames[i])));
      const others = [now.frames.slice(0, i), kind === 'value' ? now.values.slice(0, frames[i].node)
        : [now.values, now.frames[i].upstream, kind === 'local' ? 0 : now.frames[i].local]];
      return /^\d+\.\d{4}/.test(text) && !JSON.stringify(others).includes(text.slice(0, 5));
    });
    if (i < 0) { say(kind, 'cannot be asked'); continue; }
    go(i);
    press('?');
    if (asking !== kind) press('p', document.body);
    const truth = truthOf(now.frames[i]), size = Math.abs(truth);
    const isTold = () => [String(size).slice(0, 5), digits(size, 3)].some(x => told().includes(x));
    say(`${kind} told`, isTold());
    const answer = text => { $('guess').value = text; press('Enter', $('guess')); };
    answer(String(-truth));
    say(`${kind} turned`, $('answer').textContent);
    ask(kind);
    answer(truth.toPrecision(2));
    say(`${kind} rounded`, $('answer').textContent);
    say(`${kind} told now`, isTold());
  }
}
"##;

/// What holds for every page. It tells the page around it, which is as wide as the window: no window
/// is as narrow as a telephone, but a frame in it may be.
const END: &str = r##"
const focusable = [...document.querySelectorAll('button, input, select, summary, a, [tabindex]')]
  .filter(e => e.checkVisibility() && !e.closest('ol'));
say('no focus seen', focusable.filter(e => {
  e.focus();
  const rings = [e, e.parentElement].map(x => getComputedStyle(x));
  return document.activeElement === e && !rings.some(x => parseFloat(x.outlineWidth) >= 2 &&
    x.outlineStyle !== 'none');
}).map(e => e.id || e.outerHTML).join());
document.activeElement.blur();
const pale = [...document.querySelectorAll('body *')].filter(e => !/^(SCRIPT|STYLE|OPTION)$/i
  .test(e.tagName) && e.checkVisibility({ visibilityProperty: true }) &&
  [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && contrast(e) < 4.5);
say('pale', pale.map(e => `${e.outerHTML.slice(0, 80)} ${contrast(e)}`).join());
say('requests', performance.getEntriesByType('resource').length);
say('too wide', document.documentElement.scrollWidth > innerWidth);
say('width', innerWidth);
say('dark', matchMedia('(prefers-color-scheme: dark)').matches);
say('errors', errors.join());
parent.postMessage([...out, $('replay').textContent].join('\n'), '*');
"##;

/// What [`SCRIPT`] says about each page in a window of this size. One start of the browser.
fn verdicts(browser: &Path, pages: &[(&Trace, [u32; 2])]) -> Vec<String> {
    verdicts_in(browser, pages, &[])
}

fn verdicts_in(browser: &Path, pages: &[(&Trace, [u32; 2])], options: &[&str]) -> Vec<String> {
    let pages: Vec<_> =
        pages.iter().map(|(trace, window)| (view::html(trace, "a test"), *window)).collect();
    found(browser, &pages, &[WALK, SCRIPT].concat(), options)
}

/// What this script says about each page in a window of this size. One start of the browser.
pub fn found(
    browser: &Path,
    pages: &[(String, [u32; 2])],
    script: &str,
    options: &[&str],
) -> Vec<String> {
    let around = "<!doctype html><body><script>const told = []; let count = 0; onmessage = e => { \
                  for (let i = 0; i < frames.length; i += 1) \
                    if (frames[i] === e.source) told[i] = e.data; \
                  count += 1; if (count === frames.length) \
                    document.body.innerText = told.map(x => x + '\\nEND\\n').join(''); \
                  }</script>";
    let mut files = vec![("around.html".to_string(), around.to_string())];
    for (number, (page, [width, height])) in pages.iter().enumerate() {
        files[0].1 += &format!(
            "<iframe src='{number}.html' width='{width}' height='{height}' frameborder='0'></iframe>"
        );
        files.push((format!("{number}.html"), watched(page, script)));
    }
    let [dom, console] = dom_in(browser, &files, options);
    let (_, text) = dom.split_once("<body>").expect(&console);
    let text = text.replace("<br>", "\n");
    assert!(text.contains("\nEND\n"), "{console}");
    text.split("\nEND\n").take(pages.len()).map(String::from).collect()
}

/// A copy of the page with this script, and with a policy that lets it run.
fn watched(page: &str, script: &str) -> String {
    let catcher = "<script>const errors = [], note = e => errors.push(e.message ?? e.blockedURI); \
                   addEventListener('error', note); \
                   addEventListener('securitypolicyviolation', note)</script>\n<main";
    let drawn = "<script>const fromRust = Array.from(document.querySelectorAll('.graph text'), \
                 x => x.textContent).join('|')</script>\n<script type=";
    let (before, policy) = page.split_once("content=\"default-src").unwrap();
    let (_, after) = policy.split_once('"').unwrap();
    format!("{before}content=\"default-src 'unsafe-inline'\"{after}")
        .replacen("<main", catcher, 1)
        .replacen("<script type=", drawn, 1)
        .replace("</html>", &format!("<script>{TOOLS}{script}{END}</script>\n</html>"))
}

pub fn assert_says(verdict: &str, expected: &[&str]) {
    let verdict = format!("\n{verdict}");
    for line in expected {
        assert!(verdict.contains(&format!("\n{line}")), "{line:?} is not in{verdict}");
    }
}

/// All texts of a picture, and the widths of its edges.
fn drawn(page: &str) -> String {
    let (_, svg) = page.split_once("<g class=\"graph\"").unwrap();
    let svg = svg.split("</svg>").next().unwrap();
    let texts = svg.split("<text").skip(1).map(|rest| {
        let text = rest.split_once("</text>").unwrap().0;
        // What stands between the tags.
        text.split('>').skip(1).map(|part| part.split('<').next().unwrap()).collect::<String>()
    });
    let widths = svg.split("stroke-width=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let (texts, widths): (Vec<_>, Vec<_>) = (texts.collect(), widths.collect());
    format!("{} {}", texts.join("|"), widths.join(","))
}

/// How far the page's own numbers are from Rust's.
pub fn worst(verdict: &str) -> f64 {
    let (_, worst) = verdict.split_once("difference from Rust: ").expect(verdict);
    worst.lines().next().unwrap().parse().unwrap()
}

/// Of the explorer.
const ALWAYS: [&str; 10] = [
    "ugly: \n",
    "starts at:  · step 1 of ",
    "out of sight: \n",
    "last picture as Rust drew it: true",
    "back to the first: true",
    "end, then home: true",
    "not yet: 0",
    "enter goes to: true",
    "up goes to: true",
    "space: Stop",
];

/// Of every page.
pub const SOUND: [&str; 6] =
    ["no focus seen: \n", "pale: \n", "requests: 0", "too wide: false", "width: ", "errors: \n"];

/// The windows of a projector, a larger one and a telephone.
pub const WINDOWS: [[u32; 2]; 3] = [[1280, 720], [1920, 1080], [390, 844]];

#[test]
fn one_neuron_in_a_browser() {
    let Some(browser) = browser() else { return };
    let trace = neuron(1.0, 1.0);
    let pages = [(&trace, WINDOWS[0]), (&trace, WINDOWS[2])];
    for ((_, [width, _]), verdict) in pages.iter().zip(verdicts(&browser, &pages)) {
        let count = trace.frames.len();
        assert_says(&verdict, &[&ALWAYS[..], &SOUND].concat());
        assert_says(&verdict, &[&format!("reached: {count}"), &format!("address: #f={count}")]);
        assert_says(&verdict, &[&format!("width: {width}\n"), "reset: true"]);
        assert_says(&verdict, &["the list follows: true", "descended: true 1.18242"]);
        for kind in ["value", "product", "local"] {
            assert_says(
                &verdict,
                &[&format!("{kind} told: false"), &format!("{kind} told now: t")],
            );
            assert_says(&verdict, &[&format!("{kind} rounded: ✓ right ({kind}: 1 of 2)")]);
            let turned = verdict.lines().find(|line| line.starts_with(&format!("{kind} turned")));
            assert!(turned.unwrap().contains(": the sign is turned around ("), "{verdict}");
        }
        assert!(worst(&verdict) <= 1e-12, "{verdict}");

        // With w1 = 2 and y = 0: z = 3.5, and dL/dw = a x, dL/db = a for a = sigmoid(3.5).
        let a = 1.0 / (1.0 + (-3.5_f64).exp());
        let dragged = verdict.lines().find(|line| line.starts_with("dragged: ")).unwrap();
        for slope in [2.0 * a, 0.5 * a, a] {
            let expected = format!("▲ {slope:.10} {slope:.10} {slope:.7}");
            assert!(dragged.contains(&expected[..expected.len() - 2]), "{expected}: {dragged}");
        }
        assert_says(&verdict, &["verdict: ✓ All three agree in "]);
        let other = view::html(&neuron(2.0, 0.0), "a test");
        assert_says(&verdict, &[&format!("picture: {}\n", drawn(&other))]);
    }
}

/// The page as it is, under its own policy: a wrong hash would leave it without script or style.
#[test]
fn its_own_policy_lets_script_and_styles_through() {
    let Some(browser) = browser() else { return };
    let trace = neuron(1.0, 1.0);
    let [dom, console] = dom(&browser, &[("page.html".into(), view::html(&trace, "a test"))]);
    assert!(console.is_empty(), "a hash in src/view/explorer.rs or page.html? {console}");
    assert!(dom.contains(&format!("> · step 1 of {}<", trace.frames.len())), "{dom}");
}

/// Every rule of the page, on both sides of zero, against Rust's; and no closed form, whatever the
/// names are.
fn every_rule() -> Trace {
    let tape = Tape::new();
    let w = [tape.var(1.0).named("w1"), tape.var(-2.0).named("w2")];
    let b = tape.var(0.5).named("b");
    let mut all = vec![];
    let both = [tape.dot(&w, &[2.0, 0.5]) + b, tape.dot(&w, &w) * -0.3];
    for z in both.into_iter().take(samples(1, 2) as usize) {
        let a = z.sigmoid();
        all.extend([a.ln(), z.exp(), z.abs().sqrt(), z.recip(), z.sin(), z.cos(), z.softplus()]);
        all.extend([z.relu(), z.leaky_relu(0.1), z.tanh(), (z * z).powf(1.5), -z, z - a, z / a]);
        all.extend([z.max(0.2), z.min(a)]);
    }
    tape.sum(all).named("L").trace()
}

#[test]
fn other_traces_in_a_browser() {
    let Some(browser) = browser() else { return };
    let tape = Tape::new();
    let (x, y) = (tape.var(0.0).named("</script><b>"), tape.var(f64::NEG_INFINITY));
    let wild = (x.ln() * 0.0 + y.named("\"]; x")).trace();
    let own = tape.record("constructor", 2.0, [(x, 3.0)]); // each object of JavaScript has one
    let own = tape.record("tanh", 2.0, [(own, 3.0)]).apply(Mine); // nor are these the page's
    let own = (own * y * 2.0).trace();
    let mine = tape.var(2.0).apply(Mine).trace();
    let pages = [every_rule(), wild, own, batch(), mine];
    let said = verdicts(&browser, &pages.each_ref().map(|trace| (trace, WINDOWS[0])));
    for verdict in &said {
        assert_says(verdict, &[&ALWAYS[..], &SOUND].concat());
    }
    let [rules, wild, own, batch, mine] = &said[..] else { panic!("{said:?}") };
    assert!(worst(rules) <= 1e-12 && rules.contains("verdict: ✓ Both agree in "), "{rules}");
    assert!(worst(wild) == 0.0 && wild.contains("table: ! NaN  NaN ≠ 0 digits"), "{wild}");
    assert!(wild.contains("verdict: ≠ ") && wild.contains("overflow. See docs/23"), "{wild}");
    assert!(own.contains("this page has no rules for constructor, tanh."), "{own}");
    assert!(mine.contains("this page has no rules for tanh."), "{mine}");
    assert!(worst(batch) <= 1e-12 && batch.contains("verdict: ✓ Both agree in "), "{batch}");
}

/// A rule of one's own under a name of the crate's.
struct Mine;

impl Activation for Mine {
    fn name(&self) -> &'static str {
        "tanh"
    }
    fn f(&self, x: f64) -> f64 {
        2.0 * x
    }
    fn df(&self, _x: f64, _y: f64) -> f64 {
        2.0
    }
}

#[test]
fn where_the_judges_differ_the_page_says_why() {
    let Some(browser) = browser() else { return };
    let (tape, other) = (Tape::new(), Tape::new());
    let (kink, large, steep) = (tape.var(0.0), other.var(2.0), other.var(900.0));
    let cases = [
        (neuron(16.5, 1.0), "The closed form lost its digits: a is so close to y that a − y is"),
        (neuron(16.5, 0.0), "#14 = 1 − a is mostly rounding (saturation), and so is the gradient"),
        (kink.relu().named("L").trace(), "A kink: to the left and to the right the slope differs"),
        (
            (large * 1e-12 + 1e6).trace(),
            "The difference quotient lost its digits: #3 moves by less",
        ),
        (steep.exp().named("L").trace(), "L = exp is inf has left what f64 can hold: overflow"),
    ];
    let pages: Vec<_> =
        cases.iter().map(|(trace, _)| (view::html(trace, "a test"), WINDOWS[0])).collect();
    let script = "say('verdict', $('verdict').textContent);";
    for (said, (_, why)) in found(&browser, &pages, script, &[]).iter().zip(&cases) {
        assert_says(said, &SOUND);
        assert_says(said, &[&format!("verdict: ≠ {why}")]);
        let (_, lesson) = said.split_once("See ").expect(said);
        let lesson = lesson.split_once(".\n").expect(said).0;
        assert!(project().join(lesson).exists(), "{lesson}");
    }
}

/// Two inputs, two hidden nodes, one output, as a formula.
fn two_layers() -> Trace {
    let text = "h1 = tanh(a1*x1 + a2*x2 + c1); h2 = tanh(a3*x1 + a4*x2 + c2)
                p = sigmoid(v1*h1 + v2*h2 + d); L = -ln(p)";
    typed(text)
}

/// A formula whose constants begin with x.
fn typed(text: &str) -> Trace {
    let (formula, tape) = (Formula::parse(text).unwrap(), Tape::new());
    let values = (0..).map(|k| 0.9 - 0.17 * f64::from(k % 11));
    let mut inputs = vec![];
    for (name, value) in formula.names().iter().zip(values) {
        let constant = name.starts_with('x');
        let input = if constant { tape.constant(value) } else { tape.var(value) };
        inputs.push(input.named(name.to_string()));
    }
    let output = formula.record(&inputs).unwrap();
    output.trace()
}

/// Examples of a logistic neuron with two inputs, by a loop: 8 nodes for each of them.
fn examples(count: u32) -> Trace {
    let tape = Tape::new();
    let w = [tape.var(0.7).named("w1"), tape.var(-0.4).named("w2")];
    let b = tape.var(0.2).named("b");
    let mut losses = vec![];
    for k in 0..count {
        let x = [1.3 * f64::from(k).sin(), f64::from(k).cos()].map(|x| tape.constant(x));
        let z = w[0] * x[0] + w[1] * x[1] + b;
        losses.push((z * if k % 2 == 0 { -1.0 } else { 1.0 }).softplus().named("loss"));
    }
    (tape.sum(&losses) / f64::from(count)).named("L").trace()
}

/// A chain that is longer than any window, and not two of its nodes are of one place.
fn deep() -> Trace {
    let layer = |k: usize| format!("h{} = tanh(w{k}*h{k} + b{k});", k + 1);
    let text = (0..12).map(layer).collect::<String>() + "L = h12^2";
    typed(&text)
}

/// The step is in sight at every frame. What one line computed for many examples shares a box, which
/// shows the one that a step belongs to.
#[test]
fn large_graphs_in_a_browser() {
    let Some(browser) = browser() else { return };
    let count = samples(10, 20);
    let (some, deep) = (view::html(&examples(count), ""), view::html(&deep(), ""));
    let pages = [(some.clone(), WINDOWS[2]), (some, WINDOWS[0]), (deep, WINDOWS[0])];
    let pages = &pages[..samples(1, 3) as usize];
    let script = "
say('boxes', boxes.length);
const wrong = frames.flatMap((frame, i) => {
  go(i);
  const value = picture.querySelector('.now[data-node] .value').textContent.replace(/^ = /, '');
  return value === digits(nodes[frame.node].value[0], Number(decimals)) &&
    $('formula').querySelector('.node') ? [] : [i];
});
say('wrong', wrong.join());
const titles = () => texts('.graph .strong').join('|');
go(frames.findLastIndex(frame => nodes[frame.node].name === 'loss'));
say('first', titles());
go(seed);
say('last', titles());";
    let said = found(&browser, pages, &[WALK, script].concat(), &[]);
    for said in &said {
        assert_says(said, &SOUND);
        assert_says(
            said,
            &["ugly: \n", "out of sight: \n", "wrong: \n", "starts at:  · step 1 of "],
        );
        assert!(worst(said) <= 1e-12, "{said}");
    }
    for said in said.iter().take(2) {
        assert_says(said, &["boxes: 13\n"]);
        for (line, nth) in [("first: ", 1), ("last: ", count)] {
            let line = said.lines().find(|said| said.starts_with(line)).unwrap();
            assert!(line.contains(&format!("|loss = softplus, {nth} of {count}|")), "{line}");
            assert_eq!(line.matches(&format!("□ * □, {nth} of {count}|")).count(), 3, "{line}");
        }
    }
}

#[test]
fn every_page_in_every_window_light_and_dark() {
    let Some(browser) = browser().filter(|_| all_tests()) else { return };
    let formula = Formula::parse("L = -ln(sigmoid(w*x + b))").unwrap();
    let tape = Tape::new();
    let inputs = [("w", 0.5), ("x", 2.0), ("b", 1.0)].map(|(name, x)| tape.var(x).named(name));
    let traces =
        [neuron(1.0, 1.0), two_layers(), batch(), formula.record(&inputs).unwrap().trace()];
    let pages: Vec<_> =
        traces.iter().flat_map(|trace| WINDOWS.map(|window| (trace, window))).collect();
    for scheme in [0, 1] {
        let option = format!("--blink-settings=preferredColorScheme={scheme}");
        for verdict in verdicts_in(&browser, &pages, &[&option]) {
            assert_says(&verdict, &[&ALWAYS[..], &SOUND].concat());
            assert_says(&verdict, &[&format!("dark: {}", scheme == 0)]);
            assert!(worst(&verdict) <= 1e-12, "{verdict}");
        }
    }
}

/// Whoever wants no motion gets none.
#[test]
fn motion_is_asked_for() {
    let page = view::html(&neuron(1.0, 1.0), "");
    let (before, after) = page.split_once("(prefers-reduced-motion: no-preference)").unwrap();
    assert!(!before.contains("transition:") && !page.contains("animation"));
    assert_eq!(after.matches("transition:").count(), 1);
}

#[test]
fn a_formula_in_a_browser() {
    let Some(browser) = browser() else { return };
    let formula = Formula::parse("b = 1\nL = -ln(σ(w) + b)").unwrap();
    let tape = Tape::new();
    let trace = formula.record(&[tape.var(0.5).named("w")]).unwrap().trace();
    let [said] = &verdicts(&browser, &[(&trace, WINDOWS[0])])[..] else { panic!() };
    assert_says(said, &[&ALWAYS[..], &SOUND].concat());
    let [dom, _] = dom(&browser, &[("page.html".into(), view::html(&trace, "a formula"))]);
    assert!(
        dom.contains("<li class=\"at\">L = -ln(σ(<mark class=\"\">w</mark>) + b)</li>"),
        "{dom}"
    );
}

#[test]
fn without_scripts() {
    let Some(browser) = browser() else { return };
    let page = view::html(&neuron(1.0, 1.0), "a test");
    let (before, after) = page.split_once("<script type=").unwrap();
    let (_, end) = after.rsplit_once("</script>").unwrap();
    let [dom, _] = dom(&browser, &[("page.html".into(), format!("{before}{end}"))]);
    assert!(
        dom.contains("<svg ") && dom.matches("<li id=").count() == neuron(1.0, 1.0).frames.len()
    );
    assert!(dom.contains("class=\"below script\" hidden"), "what needs a script is not shown");
}

#[test]
fn the_command_writes_a_page_or_says_why_not() {
    let file = std::env::temp_dir().join(format!("chainrule-page-{}.html", std::process::id()));
    for batch in [&["explore"] as &[&str], &["explore", "--batch"]] {
        let out = answer(&[batch, &["--out", file.to_str().unwrap()]].concat()).unwrap();
        assert!(out.starts_with("wrote "), "{out}");
        assert!(std::fs::read_to_string(&file).unwrap().ends_with("</html>\n"));
    }
    let _ = std::fs::remove_file(&file);
    for (arguments, hint) in [
        (&["--oops"] as &[_], "there is no option --oops\nusage: "),
        (&["--out"], "--out needs a path\nusage: "),
        (&["p.html"], "a file needs its option: --out p.html\n"),
        (&["--batch=1"], "--batch takes no value: write --batch\n"),
        (&["--out=/no/such/p.html"], "cannot write /no/such/p.html: "),
    ] {
        let error = answer(&[&["explore"], arguments].concat()).unwrap_err();
        assert!(error.starts_with(hint), "{error}");
    }
}
