//! The explorer page: one file that loads nothing, right with and without scripts, in a browser.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::commands::answer;
use crate::common::all_tests;
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
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(page.contains("<h1>Backprop explorer: {svg} &amp; &lt;i&gt;</h1>"));
    for text in ["\"-Infinity\"", "\"NaN\"", "{json} {script}"] {
        assert!(page.contains(text), "{text}");
    }
}

/// A browser, if there is one.
fn browser() -> Option<PathBuf> {
    let names = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found = names.into_iter().map(PathBuf::from).find(|path| path.exists());
    if found.is_none() {
        assert!(!all_tests(), "no browser was found");
        println!("skipped: no Chromium at {names:?}");
    }
    found
}

/// The first of these pages as it is after its scripts have run, and what the console says.
fn dom(browser: &Path, pages: &[(String, String)]) -> [String; 2] {
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
        .args(["--virtual-time-budget=5000", "--dump-dom", "--window-size=1400,1000"])
        .arg("--enable-logging=stderr")
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", folder.join(&pages[0].0).display()))
        .output()
        .unwrap();
    let _ = std::fs::remove_dir_all(&folder);
    let console = String::from_utf8_lossy(&output.stderr).into_owned();
    let console: Vec<&str> = console.lines().filter(|line| line.contains("CONSOLE")).collect();
    [String::from_utf8_lossy(&output.stdout).into_owned(), console.join("\n")]
}

/// What a test script, added to a copy of the page, finds out. It tells the page around it, which
/// is as wide as the window: no window is as narrow as a telephone, but a frame in it may be.
const SCRIPT: &str = r##"
<script>
const out = [], $$ = query => Array.from(document.querySelectorAll(query), x => x.textContent);
const press = (key, target = document.body) =>
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
const look = () => document.querySelector('main').innerHTML;
const say = (what, found) => out.push(`${what}: ${found}`);
const places = new Set(), first = look(), drawn = () => $$('.picture text').join('|');
say('starts at', $('where').textContent);
for (const _ of frames) { places.add($('where').textContent); press('ArrowRight'); }
say('reached', places.size);
say('last picture as Rust drew it', drawn() === fromRust);
for (const _ of frames) press('ArrowLeft');
say('back to the first', look() === first);
press('End');
say('address', location.hash);
press('Home');
say('end, then home', look() === first);
const gradients = $$('[data-node] tspan:last-child');
say('not yet', gradients.filter(text => /[▲▼±○]/.test(text)).length);
press('End');
const slopes = $$('#slopes tbody td'), node = [...picture.querySelectorAll('[data-node]')].at(-1);
node.focus();
say('focus tells', $('about').textContent === node.querySelector('title').textContent);
press('Home');
press('Enter', node);
say('enter goes to', $$('[data-node].now title')[0] === node.querySelector('title').textContent);
press(' ');
say('space', $('play').textContent);
press(' ');
say('tabs', $$('[data-node][tabindex="0"]').length === gradients.length);
say('slopes', slopes.join(' '));
if (playable) {
  const ranges = document.querySelectorAll('#inputs input'), y = ranges[ranges.length - 1];
  const drag = (range, to) => { range.value = to; range.dispatchEvent(new Event('input')); };
  press('End');
  const before = look();
  drag(ranges[0], 2);
  if (slopes[2] !== 'none') drag(y, 0);
  say('dragged', $$('#slopes tbody td').join(' '));
  const widths = Array.from(document.querySelectorAll('[stroke-width]'), x =>
    x.getAttribute('stroke-width'));
  say('picture', `${drawn()} ${widths}`);
  $('reset').click();
  say('reset', look() === before);
  press('?');
  say('asked', $$('#numbers tr')[2]);
  $('guess').value = -now.frames[at].product[0];
  press('Enter', $('guess'));
  say('answer', $('answer').textContent);
  say('said', $('said').textContent);
  press('?');
  $('guess').value = now.frames[at].product[0].toPrecision(2);
  press('Enter', $('guess'));
  say('rounded', $('answer').textContent);
}
say('why', $('why').textContent);
say('requests', performance.getEntriesByType('resource').length);
say('too wide', document.documentElement.scrollWidth > innerWidth);
say('width', innerWidth);
say('errors', errors.join());
parent.postMessage([...out, $('replay').textContent].join('\n'), '*');
</script>
"##;

/// What [`SCRIPT`] says about each page in a window of this width. One start of the browser.
fn verdicts(browser: &Path, pages: &[(&Trace, u32)]) -> Vec<String> {
    let around = "<!doctype html><body><script>const told = []; let count = 0; onmessage = e => { \
                  for (let i = 0; i < frames.length; i += 1) \
                    if (frames[i] === e.source) told[i] = e.data; \
                  count += 1; if (count === frames.length) \
                    document.body.innerText = told.map(x => x + '\\nEND\\n').join(''); \
                  }</script>";
    let mut files = vec![("around.html".to_string(), around.to_string())];
    for (number, (trace, width)) in pages.iter().enumerate() {
        let frame = format!("<iframe src='{number}.html' width='{width}' height='900'></iframe>");
        files[0].1 += &frame;
        files.push((format!("{number}.html"), watched(&view::html(trace, "a test"))));
    }
    let [dom, _] = dom(browser, &files);
    let text = dom.split_once("<body>").unwrap().1.replace("<br>", "\n");
    text.split("\nEND\n").take(pages.len()).map(String::from).collect()
}

/// A copy of the page with [`SCRIPT`], and with a policy that lets it run.
fn watched(page: &str) -> String {
    let catcher = "<script>const errors = [], note = e => errors.push(e.message ?? e.blockedURI); \
                   addEventListener('error', note); \
                   addEventListener('securitypolicyviolation', note)</script>\n<main>";
    let drawn = "<script>const fromRust = Array.from(document.querySelectorAll('.picture text'), \
                 x => x.textContent).join('|')</script>\n<script type=";
    let (before, policy) = page.split_once("content=\"default-src").unwrap();
    let (_, after) = policy.split_once('"').unwrap();
    format!("{before}content=\"default-src 'unsafe-inline'\"{after}")
        .replacen("<main>", catcher, 1)
        .replacen("<script type=", drawn, 1)
        .replace("</html>", &format!("{SCRIPT}</html>"))
}

fn assert_says(verdict: &str, expected: &[&str]) {
    for line in expected {
        assert!(
            verdict.lines().any(|said| said.starts_with(line)),
            "{line:?} is not in\n{verdict}"
        );
    }
}

/// All texts of a picture, and the widths of its edges.
fn drawn(svg: &str) -> String {
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
fn worst(verdict: &str) -> f64 {
    let (_, worst) = verdict.split_once("difference from Rust: ").expect(verdict);
    worst.lines().next().unwrap().parse().unwrap()
}

const ALWAYS: [&str; 11] = [
    "starts at: frame 1 of ",
    "last picture as Rust drew it: true",
    "back to the first: true",
    "end, then home: true",
    "not yet: 0",
    "focus tells: true",
    "enter goes to: true",
    "space: stop",
    "tabs: true",
    "requests: 0",
    "too wide: false",
];

#[test]
fn one_neuron_in_a_browser() {
    let Some(browser) = browser() else { return };
    let trace = neuron(1.0, 1.0);
    let pages = [(&trace, 360), (&trace, 1280)];
    for ((_, width), verdict) in pages.iter().zip(verdicts(&browser, &pages)) {
        let count = trace.frames.len();
        assert_says(&verdict, &ALWAYS);
        assert_says(&verdict, &[&format!("reached: {count}"), &format!("address: #f={count}")]);
        assert!(verdict.contains(&format!("width: {width}\nerrors: \n")), "{verdict}");
        assert_says(&verdict, &["reset: true", "asked: productlocal × upstream?"]);
        assert!(verdict.contains("the sign is turned around (0 of 1)"), "{verdict}");
        assert!(verdict.contains("rounded: right (1 of 2)"), "{verdict}");
        assert!(worst(&verdict) <= 1e-12, "{verdict}");

        // With w1 = 2 and y = 0: z = 3.5, and dL/dw = a x, dL/db = a for a = sigmoid(3.5).
        let a = 1.0 / (1.0 + (-3.5_f64).exp());
        let dragged = verdict.lines().find(|line| line.starts_with("dragged: ")).unwrap();
        for (name, slope) in [("w1", 2.0 * a), ("w2", 0.5 * a), ("b", a)] {
            let expected = format!("dL/d{name} {slope:.10} {slope:.10} {slope:.7}");
            let (_, row) = dragged.split_once(&expected[..expected.len() - 2]).expect(dragged);
            assert!(row.len() > 2);
        }
        assert_says(&verdict, &[&format!("picture: {}", drawn(&view::svg(&neuron(2.0, 0.0))))]);
    }
}

/// The page as it is, under its own policy: a wrong hash would leave it without script or style.
#[test]
fn its_own_policy_lets_script_and_styles_through() {
    let Some(browser) = browser() else { return };
    let trace = neuron(1.0, 1.0);
    let [dom, console] = dom(&browser, &[("page.html".into(), view::html(&trace, "a test"))]);
    assert!(console.is_empty(), "a hash in src/view/explorer.html? {console}");
    assert!(dom.contains(&format!(">frame 1 of {}<", trace.frames.len())), "{dom}");
}

/// Every rule of the page, on both sides of zero, against Rust's; and no closed form, whatever the
/// names are.
fn every_rule() -> Trace {
    let tape = Tape::new();
    let w = [tape.var(1.0).named("w1"), tape.var(-2.0).named("w2")];
    let b = tape.var(0.5).named("b");
    let mut all = vec![];
    for z in [tape.dot(&w, &[2.0, 0.5]) + b, tape.dot(&w, &w) * -0.3] {
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
    let own = tape.record("tanh", 2.0, [(own, 3.0)]); // nor is this one the page's
    let own = (own * y * 2.0).trace();
    let pages = [every_rule(), wild, own, batch()];
    let said = verdicts(&browser, &pages.each_ref().map(|trace| (trace, 1280)));
    for verdict in &said {
        assert_says(verdict, &ALWAYS);
        assert!(verdict.contains("\nerrors: \n"), "{verdict}");
    }
    let [rules, wild, own, batch] = &said[..] else { panic!("{said:?}") };
    assert!(worst(rules) <= 1e-12 && rules.contains(" none "), "{rules}");
    assert!(worst(wild) == 0.0 && wild.contains("&lt;b&gt; NaN none NaN "), "{wild}");
    assert!(own.contains("this page has no rules for constructor, tanh."), "{own}");
    assert!(batch.contains("this page has no rules for "), "{batch}");
}

#[test]
fn a_formula_in_a_browser() {
    let Some(browser) = browser() else { return };
    let formula = Formula::parse("b = 1\nL = -ln(σ(w) + b)").unwrap();
    let tape = Tape::new();
    let trace = formula.record(&[tape.var(0.5).named("w")]).unwrap().trace();
    let [said] = &verdicts(&browser, &[(&trace, 1280)])[..] else { panic!() };
    assert_says(said, &ALWAYS);
    let [dom, _] = dom(&browser, &[("page.html".into(), view::html(&trace, "a formula"))]);
    assert!(dom.contains("id=\"source\">L = -ln(σ(w) + b)\n          ^</pre>"), "{dom}");
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
    assert!(dom.contains("class=\"script\" hidden"), "what needs a script is not shown");
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
