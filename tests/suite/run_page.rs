//! The page on a training run, in a browser: costs, boundaries and mistakes are Rust's.

use std::path::{Path, PathBuf};

use crate::commands::answer;
use crate::common::{all_tests, project};
use crate::explorer::{SOUND, WINDOWS, assert_says, browser, dom, found, worst};
use chainrule::data::Examples;
use chainrule::logistic::{self, Options};

const TWO: &str = "examples/data/penguins_adelie_vs_chinstrap_bill.csv";
const MANY: &str = "examples/data/wdbc_full30_malignant.csv";
const FOUR: &str = "examples/data/penguins_sex.csv";

/// The page that the command writes for these data.
fn page(csv: &Path, iterations: usize) -> String {
    let name = csv.file_stem().unwrap().to_string_lossy().into_owned();
    let file = std::env::temp_dir().join(format!("chainrule-{name}-{}.html", std::process::id()));
    let arguments = [
        "model",
        csv.to_str().unwrap(),
        &format!("--iterations={iterations}"),
        &format!("--page={}", file.display()),
    ];
    let said = answer(&arguments).unwrap();
    assert!(said.contains(&format!("wrote {}: open it in a browser\n", file.display())), "{said}");
    let page = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    page
}

/// Data of so many examples and features, with all the digits that a number can have.
fn noise(m: usize, n: usize) -> PathBuf {
    let file = std::env::temp_dir().join(format!("chainrule-{m}-{n}-{}.csv", std::process::id()));
    let names: Vec<String> = (0..n).map(|i| format!("x{i}")).collect();
    let mut text = names.join(",") + ",y\n";
    for j in 0..m {
        let row: Vec<f64> = (0..=n).map(|i| ((j * n + i * i + 1) as f64 * 1.7).sin()).collect();
        let y = row[0] + row[n] > 0.0;
        let row: Vec<String> = row[..n].iter().map(f64::to_string).collect();
        text += &format!("{},{}\n", row.join(","), u8::from(y));
    }
    std::fs::write(&file, text).unwrap();
    file
}

/// Walks through the run with the keyboard. At ten iterations it says the costs that are shown, two
/// points of the boundary in the units of the data, which it has from the marks along the axes, and
/// how many rings there are in the picture and in the tables.
const SCRIPT: &str = r#"
const all = query => [...document.querySelectorAll(query)];
const number = text => Number(text.replace('−', '-'));
// What is drawn at a pixel, from two marks of its axis: [place, number].
function scale(marks) {
  const [[p, x], [q, y]] = [marks[0], marks.at(-1)];
  return place => x + (y - x) * (place - p) / (q - p);
}
function boundary() {
  const marks = (anchor, place) => all(`#picture text[text-anchor="${anchor}"]`)
    .map(mark => [place(mark), number(mark.textContent)]).filter(([, x]) => !Number.isNaN(x));
  const x = scale(marks('middle', mark => Number(mark.getAttribute('x'))));
  const y = scale(marks('end', mark => Number(mark.getAttribute('y')) - 5));
  return document.querySelector('#picture .boundary').getAttribute('d').slice(1).split('L')
    .flatMap(point => point.split(' ').map(Number)).map((place, i) => i % 2 ? y(place) : x(place));
}
say('opens at the end', at === last && /^(.*) of \1:/.test($('title').textContent.slice(10)));
press('Home', document.body);
say('cut', all('.rows').filter(box => box.scrollWidth > box.clientWidth + 1).length);
const away = new Set(), wide = innerWidth > 1000, visited = new Set();
for (let k = 0; k <= last; k += 1) {
  visited.add($('title').textContent);
  for (const id of wide ? ['picture', 'title', 'counts', 'curves', 'verdict'] : ['curves', 'play']) {
    if (outside($(id))) away.add(`${id} ${k}`);
  }
  if (k % Math.ceil(last / 9) === 0 || k === last) {
    const costs = texts('#title, #labels .end').slice(0, 2).join(' ').match(/[\d.]+(e−\d+)?/g);
    const missed = all('.missed').reduce((sum, cell) => sum + Number(cell.textContent), 0);
    const line = features.length === 2 && k ? boundary() : '';
    say('at', `${costs[0]} ${costs[2]} ${costs[4]} ${all('.wrong').length} ${missed} ${line}`);
  }
  press('ArrowRight', document.body);
}
say('visited', visited.size === last + 1 && at === last);
say('out of sight', [...away].join());
press('Home', document.body);
say('home', at);
press('End', document.body);
say('end', at === last);
press(' ', document.body);
say('space', `${$('play').textContent} ${at}`);
press(' ', document.body);
$('slider').value = 3;
$('slider').dispatchEvent(new Event('input'));
say('slider', at);
const crossed = all('#labels span, text').filter(e => e.checkVisibility()).map(e =>
  [e.textContent, e.getBoundingClientRect()]);
say('labels on each other', crossed.flatMap(([a, p], i) => crossed.slice(i + 1).filter(([, q]) =>
  p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 4 && q.top < p.bottom - 4)
  .map(([b]) => `${a}|${b}`)).join());
say('verdicts', [...new Set(texts('.rows td:last-child').map(text => text[0]))].join());
"#;

const ALWAYS: [&str; 10] = [
    "cut: 0",
    "opens at the end: true",
    "visited: true",
    "out of sight: \n",
    "home: 0",
    "end: true",
    "space: Stop 0",
    "slider: 3",
    "labels on each other: \n",
    "verdicts: ✓\n",
];

/// Each line that begins with `at: `, as numbers.
fn looks(verdict: &str) -> Vec<Vec<f64>> {
    let lines = verdict.lines().filter_map(|line| line.strip_prefix("at: "));
    let numbers = |line: &str| {
        let words = line.split([' ', ',']).filter(|word| !word.is_empty());
        words.map(|word| word.replace('−', "-").parse().unwrap()).collect()
    };
    lines.map(numbers).collect()
}

#[test]
fn costs_boundaries_and_mistakes_are_those_of_rust() {
    let Some(browser) = browser() else { return };
    for (file, iterations, windows) in [
        (TWO, 60, &[WINDOWS[0], WINDOWS[2]][..]),
        (FOUR, 40, &[WINDOWS[0]]),
        (MANY, 27, &[WINDOWS[0]]),
    ] {
        let (mut train, mut test) =
            Examples::read_csv(project().join(file), None).unwrap().split(0.2, 1).unwrap();
        let scaler = train.standardizer().unwrap();
        (train.x, test.x) = (scaler.apply(&train.x).unwrap(), scaler.apply(&test.x).unwrap());
        let page = page(&project().join(file), iterations);
        let pages: Vec<_> = windows.iter().map(|window| (page.clone(), *window)).collect();
        for verdict in found(&browser, &pages, SCRIPT, &[]) {
            assert_says(&verdict, &[&ALWAYS[..], &SOUND].concat());
            assert!(worst(&verdict) < 1e-12, "{verdict}");
            let looks = looks(&verdict);
            assert!(looks.len() >= 9, "{verdict}");
            for look in looks {
                // The whole training at once, up to this iteration.
                let options = Options { num_iterations: look[0] as usize, ..Options::default() };
                let (w, b) = logistic::initialize_with_zeros(train.features.len());
                let fit = logistic::optimize(w, b, &train.x, &train.y, &options).unwrap();
                let mut mistakes = 0.0;
                for (part, shown) in [(&train, look[1]), (&test, look[2])] {
                    let (_, cost) = logistic::propagate(&fit.w, fit.b, &part.x, &part.y).unwrap();
                    assert_eq!(format!("{cost:.4}"), format!("{shown:.4}"), "{verdict}");
                    let guesses = logistic::predict(&fit.w, fit.b, &part.x).unwrap();
                    let right = logistic::accuracy(&guesses, &part.y) / 100.0;
                    let m = part.y.shape().1 as f64;
                    mistakes += (m * (1.0 - right)).round();
                }
                assert_eq!((look[3], look[4]), (mistakes, mistakes), "{verdict}");
                for point in look[5..].chunks(2) {
                    let z = (0..2).fold(fit.b, |z, i| {
                        let x = (point[i] - scaler.means.get(i, 0)) / scaler.deviations.get(i, 0);
                        z + fit.w.get(i, 0) * x
                    });
                    assert!(z.abs() < 1e-9, "z = {z} on the boundary: {look:?}");
                }
            }
        }
    }
}

/// The page as it is, under its own policy.
#[test]
fn its_own_policy_lets_scripts_and_style_through() {
    let Some(browser) = browser() else { return };
    let page = page(&project().join(TWO), 3);
    let [dom, console] = dom(&browser, &[("page.html".into(), page)]);
    assert!(console.is_empty(), "a hash in src/view/run.rs or page.html? {console}");
    assert!(dom.contains("Iteration 3 of 3: cost = "), "{dom}");
}

#[test]
fn every_run_in_every_window_light_and_dark() {
    let Some(browser) = browser().filter(|_| all_tests()) else { return };
    let pages = [TWO, FOUR].map(|file| page(&project().join(file), 2000));
    let pages: Vec<_> =
        pages.iter().flat_map(|page| WINDOWS.map(|window| (page.clone(), window))).collect();
    for scheme in [0, 1] {
        let option = format!("--blink-settings=preferredColorScheme={scheme}");
        for verdict in found(&browser, &pages, SCRIPT, &[&option]) {
            assert_says(&verdict, &[&ALWAYS[..], &SOUND].concat());
            assert_says(&verdict, &[&format!("dark: {}", scheme == 0)]);
        }
    }
}

#[test]
fn a_page_is_not_written_over_the_data() {
    let file = noise(4, 1);
    let csv = file.to_str().unwrap();
    let refused = answer(&["model", csv, "--page", csv]).unwrap_err();
    assert_eq!(refused, format!("--page would write over {csv}, which is read"));
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("x0,y"));
    std::fs::remove_file(&file).unwrap();
    let missing = answer(&["model", "--page", "/no/such/run.html"]).unwrap_err();
    assert!(missing.starts_with("cannot write /no/such/run.html: "), "{missing}");
}

#[test]
fn a_page_is_small_and_of_many_numbers_it_holds_the_iterations_alone() {
    for (m, iterations, most, holds_x) in [(1000, 300, 150_000, true), (5001, 9, 110_000, false)] {
        let file = noise(m, 4);
        let page = page(&file, if all_tests() { iterations } else { iterations.min(70) });
        std::fs::remove_file(file).unwrap();
        assert!(page.len() <= most, "{m}: {} bytes", page.len());
        assert_eq!(page.contains("\"x\":[") && !page.contains("\"x\":null"), holds_x);
        let moments = page.matches("{\"iteration\":").count();
        assert!((10..=100).contains(&moments), "{moments}");
        assert!(page.contains("default-src 'none'") && !page.contains("unsafe"));
    }
}
