//! The explorer page: one file that loads nothing, right with and without scripts, in a browser.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use chainrule::scalar::Tape;
use chainrule::tensor::{self, Tensor};
use chainrule::trace::Trace;
use chainrule::view;

fn neuron() -> Trace {
    let tape = Tape::new();
    let w = [tape.var(1.0).named("w1"), tape.var(-2.0).named("w2")];
    let b = tape.var(0.5).named("b");
    let z = (tape.dot(&w, &[2.0, 0.5]) + b).named("z");
    let a = z.sigmoid().named("a");
    (-a.ln() + (z * z * 0.1).tanh() / 4.0 + z.max(0.2)).named("L").trace()
}

fn batch() -> Trace {
    let tape = tensor::Tape::new();
    let w = tape.var(Tensor::new(2, 1, vec![1.0, 2.0])).named("w");
    let x = tape.constant(Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]])).named("X");
    w.t().matmul(x).softplus().mean().named("cost").trace()
}

#[test]
fn one_file_that_loads_nothing() {
    for trace in [neuron(), batch()] {
        let page = view::html(&trace, "a test");
        assert!(page.len() < 100_000, "{} bytes", page.len());
        assert!(page.contains("default-src 'none'"));
        // The only address is the name of the SVG language, which nobody fetches.
        let page = page.replace("http://www.w3.org/2000/svg", "");
        for loading in ["http:", "https:", "src=", "<link", "@import", "url(", "fetch(", "import("]
        {
            assert!(!page.contains(loading), "{loading}");
        }
        assert_eq!(page.matches("<li>").count(), trace.frames.len());
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
        assert!(std::env::var_os("CHAINRULE_BROWSER").is_none(), "no browser was found");
        println!("skipped: no Chromium at {names:?}");
    }
    found
}

/// The page as it is after its scripts have run, in a window of this width.
fn dom(browser: &PathBuf, name: &str, page: &str, width: u32) -> String {
    let folder = std::env::temp_dir().join(format!("chainrule-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("page.html");
    std::fs::write(&file, page).unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--window-size={width},900"))
        .arg(format!("--user-data-dir={}", folder.display()))
        .arg(format!("file://{}", file.display()))
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let _ = std::fs::remove_dir_all(&folder);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The page in a frame of this width: a window of its own cannot be that narrow.
fn in_a_frame(page: &str, width: u32) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!doctype html><title>none</title>\
         <iframe style=\"width:{width}px;height:900px\" srcdoc=\"{page}\"></iframe>"
    )
}

/// What a test script, added to a copy of the page, finds out and writes into it.
const SCRIPT: &str = r#"
<script>
const out = [], press = key => document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
const look = () => document.querySelector('main').innerHTML.replace(/ class=""/g, '');
press('Home');
const first = look(), places = new Set([at]);
for (let k = 1; k < frames.length; k += 1) { press('ArrowRight'); places.add(at); }
out.push('reached ' + places.size + ' of ' + frames.length);
for (let k = 1; k < frames.length; k += 1) press('ArrowLeft');
out.push('back ' + (look() === first));
press('End'); press('Home');
out.push('end and home ' + (look() === first));
if (playable) {
  const range = document.querySelector('#inputs input'), value = range.value;
  range.value = 2; range.dispatchEvent(new Event('input'));
  out.push('dragged ' + (document.querySelector('[data-node] .value, [data-node="0"] tspan:nth-child(2)').textContent === '2'));
  document.getElementById('reset').click();
  out.push('reset ' + (range.value === value && look() === first));
  press('End'); press('?');
  out.push('asked ' + (!document.getElementById('guessing').hidden && /product.*\?/.test(document.getElementById('panel').textContent)));
  document.getElementById('guess').value = -now.frames[at].product[0];
  document.getElementById('check').click();
  out.push('answer ' + document.getElementById('answer').textContent);
}
out.push('tab stops ' + (document.querySelectorAll('[data-node][tabindex]').length > 0));
out.push('requests ' + performance.getEntriesByType('resource').length);
out.push('overflow ' + (document.documentElement.scrollWidth > window.innerWidth));
out.push('errors ' + errors.length + ' ' + errors.join());
parent.document.title = 'VERDICT ' + out.join('; ') + '; ' + document.getElementById('replay').textContent + ' END';
</script>
"#;

#[test]
fn in_a_browser() {
    let Some(browser) = browser() else { return };
    for (name, trace, width) in
        [("wide", neuron(), 1280), ("narrow", neuron(), 360), ("batch", batch(), 1280)]
    {
        let catcher = "<script>const errors = []; \
                       window.onerror = message => { errors.push(message); };</script><main>";
        let page = view::html(&trace, "a test");
        let page = page.replace("<main>", catcher).replace("</html>", &format!("{SCRIPT}</html>"));
        let dom = dom(&browser, name, &in_a_frame(&page, width), 1300);
        let verdict = dom.split_once("VERDICT ").and_then(|(_, rest)| rest.split_once(" END"));
        let (verdict, _) = verdict.unwrap_or_else(|| panic!("no verdict in\n{dom}"));
        let count = trace.frames.len();
        let mut expected =
            vec![format!("reached {count} of {count}"), "back true; end and home true".into()];
        if name != "batch" {
            expected.push("dragged true; reset true; asked true; answer it is ".into());
            expected.push("the sign is turned around (0 of 1)".into());
            expected.push("difference from Rust's is ".into());
            let worst = verdict.split("from Rust's is ").nth(1).unwrap().trim_end_matches('.');
            assert!(worst.parse::<f64>().unwrap() <= 1e-12, "{verdict}");
        } else {
            expected.push("this page does not compute".into());
        }
        expected.push("tab stops true; requests 0; overflow false; errors 0".into());
        for expected in expected {
            assert!(verdict.contains(&expected), "{name}: {expected:?} is not in\n{verdict}");
        }
    }
}

#[test]
fn without_scripts() {
    let Some(browser) = browser() else { return };
    let page = view::html(&neuron(), "a test");
    let (before, after) = page.split_once("<script type=").unwrap();
    let (_, end) = after.rsplit_once("</script>").unwrap();
    let dom = dom(&browser, "plain", &format!("{before}{end}"), 1280);
    assert!(dom.contains("<svg ") && dom.matches("<li>").count() == neuron().frames.len());
    assert!(dom.contains("class=\"script\" hidden"), "what needs a script is not shown");
}

#[test]
fn the_example_writes_a_page_or_says_why_not() {
    let test = std::env::current_exe().unwrap();
    let example = test.parent().unwrap().parent().unwrap().join("examples/explore");
    let run = |arguments: &[&str]| {
        let output = Command::new(&example).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let file = std::env::temp_dir().join(format!("chainrule-page-{}.html", std::process::id()));
    for batch in [&[] as &[&str], &["--batch"]] {
        let (code, out, _) = run(&[batch, &["--out", file.to_str().unwrap()]].concat());
        assert!(code == Some(0) && out.starts_with("wrote "), "{out}");
        assert!(std::fs::read_to_string(&file).unwrap().ends_with("</html>\n"));
    }
    let _ = std::fs::remove_file(&file);
    for wrong in [&["--oops"] as &[_], &["--out"], &["--out", "/no/such/folder/page.html"]] {
        let (code, _, err) = run(wrong);
        assert!(code == Some(2) && err.starts_with("error: ") && err.contains("usage: "), "{err}");
    }
}
