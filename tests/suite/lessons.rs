//! What a chapter shows is what its example prints, and what a page names is there.
//!
//! A chapter `docs/NN_name.md` explains `examples/NN_name.rs`. The first block marked `text` after
//! its command is the example's output, word for word; lines that end in `(measured)` may differ in
//! numbers. A new lesson is one line in `lessons!` in examples.rs and one in `src/book.rs`, which makes
//! its chapter a page of `cargo doc`, and runs its code; a test says where one is missing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use chainrule::data::Examples;
use chainrule::tensor::Tensor;

use crate::commands::answer;
use crate::common::{all_tests, blesses, hold, project};
use crate::examples::*;

/// The files in a directory whose names end so.
fn files(directory: &str, extension: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(project().join(directory)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        all.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

/// The names of the numbered ones: `01_slope`.
fn numbered(files: &[PathBuf]) -> Vec<&str> {
    files.iter().map(|path| stem(path)).filter(|name| name.as_bytes()[0].is_ascii_digit()).collect()
}

/// What is written, as text.
fn printed(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = vec![];
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A line of output, a measured one without its numbers; of a comparison whose errors are no classes,
/// the name and the two gradients: the others decide how wide its columns are.
fn comparable(line: &str) -> String {
    if line.ends_with("(measured)") {
        line.chars().filter(|c| !c.is_ascii_digit() && *c != ' ').collect()
    } else if line.starts_with("  param ") {
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    } else if line.starts_with("  d") && line.ends_with("AGREE") && !line.contains('<') {
        line.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
    } else {
        line.to_string()
    }
}

#[test]
fn chapters_show_what_examples_print() {
    let listed: Vec<&str> = LESSONS.iter().map(|(name, _)| *name).collect();
    let (chapters, examples) = (files("docs", "md"), files("examples", "rs"));
    assert_eq!(numbered(&chapters), listed, "the chapters, and the list of lessons above");
    assert_eq!(numbered(&examples), listed, "the examples, and the list of lessons above");
    let mut pictures = vec![];
    for (name, print) in LESSONS {
        let output = print();
        let path = project().join("docs").join(name).with_extension("md");
        let chapter = fs::read_to_string(&path).unwrap();
        let (_, run) = chapter.split_once(&format!("--example {name}\n")).expect("its command");
        let (_, block) = run.split_once("```text\n").expect("a block of output");
        let (block, _) = block.split_once("```").unwrap();
        let (shown, printed): (Vec<_>, Vec<_>) =
            (block.lines().map(comparable).collect(), output.lines().map(comparable).collect());
        if shown != printed && blesses() {
            // What was measured was so on a quiet machine.
            let kept = |line| block.lines().find(|old| comparable(old) == comparable(line));
            let renewed = output.lines().map(|line| format!("{}\n", kept(line).unwrap_or(line)));
            hold(&path, &chapter.replacen(block, &renewed.collect::<String>(), 1));
        } else {
            assert_eq!(
                shown, printed,
                "{name} prints something else; if it is right, CHAINRULE_BLESS=1"
            );
        }
        assert!(printed.len() <= 40, "{name} prints {} lines", printed.len());
        for line in output.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
        for picture in output.lines().filter_map(|line| line.strip_prefix("As a picture, ")) {
            let (_, file) = picture.split_once("target/").unwrap();
            let drawn = fs::read_to_string(project().join("target").join(file)).unwrap();
            let drawn = drawn.replace("tests/suite/../../examples", "examples");
            hold(&project().join("docs").join(file), &drawn);
            assert!(chapter.contains(&format!("][{file}]\n")), "chapter {name} shows {file}");
            pictures.push(file.to_string());
        }
        let hints = |word: &str| output.lines().filter(|line| line.starts_with(word)).count();
        assert_eq!((hints("Try:"), hints("Next:")), (1, 1), "{name}");
        assert!(output.lines().last().unwrap().starts_with("Next:"), "{name}");
    }
    pictures.sort();
    let shown = files("docs", "svg");
    assert_eq!(
        shown.iter().map(|path| format!("{}.svg", stem(path))).collect::<Vec<_>>(),
        pictures
    );
    let front = fs::read_to_string(project().join("README.md")).unwrap();
    assert!(front.contains("src=\"docs/03_tape.svg\""));
}

/// Every page of docs/ is one of the book, with its pictures; so its code runs, too.
#[test]
fn every_page_is_in_the_book() {
    let book = fs::read_to_string(project().join("src/book.rs")).unwrap();
    for page in files("docs", "md") {
        let line = format!(": \"{}\"", stem(&page));
        let line = book.lines().find(|text| text.contains(&line)).expect(&line);
        let text = fs::read_to_string(&page).unwrap();
        let (links, _) = links(&text);
        for picture in links.iter().filter_map(|(label, _)| label.strip_suffix(".svg")) {
            let shown = line.split('"').any(|word| word == picture);
            assert!(shown, "src/book.rs does not show {picture} at {page:?}");
        }
    }
}

/// What a page defines at its end, each with where it leads; and what it links to by such a name.
fn links(text: &str) -> (Vec<(&str, &str)>, Vec<&str>) {
    let defined = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    let defined = defined.filter(|(label, _)| !label.contains(']'));
    let used = text.split("][").skip(1).filter_map(|rest| rest.split_once(']'));
    (defined.collect(), used.map(|(label, _)| label).filter(|l| !l.contains(' ')).collect())
}

/// The pages of `cargo doc` have no link and no picture that leads nowhere: rustdoc does not tell.
#[test]
fn the_documentation_has_no_dead_links() {
    if !all_tests() {
        return;
    }
    let target = project().join("target");
    let mut doc = Command::new(env!("CARGO"));
    doc.args(["doc", "--no-deps", "--quiet", "--target-dir"]).arg(&target);
    assert!(doc.current_dir(project()).status().unwrap().success());
    let mut directories = vec![target.join("doc/chainrule")];
    let mut count = 0;
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "html") {
                continue;
            }
            let page = fs::read_to_string(&path).unwrap();
            for rest in [" href=\"", " src=\""].iter().flat_map(|key| page.split(key).skip(1)) {
                let link = rest.split(['"', '#', '?']).next().unwrap();
                if link.is_empty() || link.contains(':') || link.contains("${") {
                    continue;
                }
                assert!(directory.join(link).exists(), "{path:?} leads to {link}");
                count += 1;
            }
        }
    }
    assert!(count > 1000, "{count}");
}

/// What links to the headings of a page call them: `## The run` is `the-run`.
fn anchors(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

/// Every file that a page links to or names, and every example and test that it tells to run, is
/// there.
#[test]
fn links_files_and_commands_lead_somewhere() {
    let mut pages = files("docs", "md");
    pages.push(project().join("README.md"));
    let mut checked = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let mut found = |path: PathBuf, what: &str| {
            assert!(path.exists(), "{page:?} names {what}, and {path:?} is not there");
            checked += 1;
        };
        let (defined, used) = links(&text);
        for label in used {
            assert!(defined.iter().any(|(known, _)| *known == label), "{page:?}: [{label}]");
        }
        let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in inline.chain(defined.into_iter().map(|(_, target)| target)) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                _ => page.parent().unwrap().join(file),
            };
            let headings = heading.is_empty() || anchors(&target).iter().any(|a| a == heading);
            assert!(headings, "{page:?} links to {link}, and there is no such heading");
            found(target, link);
        }
        let inside = |c: char| c.is_alphanumeric() || "_-./".contains(c);
        for word in text.split(|c| !inside(c)).map(|word| word.trim_end_matches('.')) {
            if ["src/", "tests/", "docs/", "examples/"].iter().any(|top| word.starts_with(top)) {
                found(project().join(word), word);
            }
        }
        for command in text.split("--example ").skip(1) {
            let name: String = command.chars().take_while(|c| inside(*c)).collect();
            found(project().join("examples").join(&name).with_extension("rs"), &name);
        }
        for command in text.split("--test suite ").skip(1) {
            let name: String = command.chars().take_while(|c| inside(*c)).collect();
            found(project().join("tests/suite").join(&name).with_extension("rs"), &name);
        }
        for command in text.split("cargo run -- ").skip(1) {
            let name: String = command.chars().take_while(|c| c.is_alphabetic()).collect();
            found(project().join("src/commands").join(&name).with_extension("rs"), &name);
        }
    }
    assert!(checked > 100, "only {checked} were found");
}

/// The numbers in the lines that `is` picks: of each, the word at `place`, counted from its end.
fn numbers(text: &str, is: impl Fn(&str) -> bool, place: usize) -> Vec<f64> {
    let lines = text.lines().filter(|line| is(line));
    lines.map(|line| line.split_whitespace().rev().nth(place).unwrap().parse().unwrap()).collect()
}

#[test]
fn try_01_far_from_zero_the_digits_run_out_sooner() {
    let off = |x: f64, h| slope::quotients(x, h).map(|slope| (slope / (3.0 * x * x) - 1.0).abs());
    assert!(off(1.5, 1e-12).iter().all(|&off| off < 0.001));
    assert!(off(1000.0, 1e-12).iter().all(|off| (0.025..0.035).contains(off)));
    assert_ne!(slope::quotients(1.5, 1e-14), [0.0, 0.0]);
    assert_eq!(slope::quotients(1000.0, 1e-14), [0.0, 0.0]);
}

#[test]
fn try_02_the_other_label_turns_all_signs_around() {
    let [one, zero] = [1.0, 0.0].map(|y| printed(|out| by_hand::neuron(out, y)));
    let [before, after] =
        [&one, &zero].map(|text| numbers(text, |line| line.starts_with("  dL/d"), 0));
    assert_eq!((before.len(), after.len()), (7, 7)); // the last one is the tape's
    assert!(before.iter().all(|slope| *slope < 0.0) && after.iter().all(|slope| *slope > 0.0));
    let loss = |text: &str| numbers(text, |line| line.starts_with("  L = d²"), 0)[0];
    assert!(loss(&zero) > loss(&one));
}

#[test]
fn try_03_nearer_to_the_label_the_slopes_shrink() {
    let slopes = [0.5, 1.5].map(|bias| {
        let text = printed(|out| tape::neuron(out, bias).map(drop));
        let product = |name: &str| numbers(&text, |line| line.ends_with(name), 1)[0];
        let dz = numbers(&text, |line| line.contains("backward() says"), 0)[0];
        [dz, product(" w1"), product(" w2"), product(" b")]
    });
    for (before, after) in slopes[0].iter().zip(&slopes[1]) {
        assert!(*before < *after && *after < 0.0, "{before} {after}");
    }
}

#[test]
fn try_04_one_more_doubling() {
    let tape = chainrule::scalar::Tape::new();
    let a = tape.var(1.0);
    let b = a + a;
    let c = b + b;
    let d = c + c;
    for (output, answers) in [(c, [4.0, 1.0, 8.0]), (d, [8.0, 1.0, 48.0])] {
        let inputs = fan_out::inputs(&output.trace());
        let wrong = [fan_out::overwriting(&inputs), fan_out::recursing(&inputs)];
        assert_eq!([output.backward().wrt(a), wrong[0], wrong[1]], answers);
    }
}

#[test]
fn try_05_at_zero_the_gradient_is_known_without_computing() {
    let text = printed(|out| four_judges::judge(out, [0.0; 3]));
    for judge in ["reverse mode ", "by hand ", "forward mode ", "differences "] {
        let row = text.lines().find(|line| line.trim_start().starts_with(judge)).unwrap();
        let numbers = row.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
        assert_eq!(numbers.take(3).collect::<Vec<_>>(), [-1.0, -0.25, -0.5], "{row}");
    }
    assert!(text.contains("verdict: AGREE"));
}

/// What chapter 06 says of the Jacobian of A B for A, of its exercise, and of logistic regression.
#[test]
fn matrices_are_carried_back_as_the_chapter_says() {
    for operation in matrices::operations() {
        let ((gradient, g), jacobian) = (operation.by_rule(), operation.jacobian());
        let row = Tensor::new(1, jacobian.shape().0, g.to_vec());
        assert_eq!(gradient.to_vec(), row.matmul(&jacobian).to_vec());
    }
    let [_, _, product, ..] = matrices::operations();
    let jacobian = product.jacobian();
    let b = [[1.0, 2.0, -1.0, 3.0], [2.0, -1.0, 1.0, 1.0], [-1.0, 1.0, 2.0, -2.0]];
    let slope = |c: usize, a: usize| if c / 4 == a / 3 { b[a % 3][c % 4] } else { 0.0 };
    let entries = (0..48).map(|k| slope(k / 6, k % 6));
    assert_eq!(jacobian.to_vec(), entries.collect::<Vec<_>>());
    assert_eq!(product.by_rule().0.get(1, 2), -8.0);

    let tape = chainrule::tensor::Tape::new();
    let [w, h] = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[1.0, -1.0], [2.0, 0.0], [0.5, 3.0]]]
        .map(|rows| tape.var(Tensor::from_rows(&rows)));
    let g = Tensor::from_rows(&[[1.0, 2.0], [-3.0, 0.5]]);
    let gradients = (w.t().matmul(h) * tape.constant(g.clone())).sum().backward();
    assert_eq!(gradients.wrt(w).to_vec(), h.value().matmul(&g.t()).to_vec());
    assert_eq!(gradients.wrt(h).to_vec(), w.value().matmul(&g).to_vec());
}

/// What chapter 10 says of the squared error, of likelihoods, and of a node without features.
#[test]
fn costs_are_as_the_chapter_on_likelihood_says() {
    let (x, y) = (Tensor::from_rows(&[[1.0, 2.0, 10.0]]), Tensor::from_rows(&[[0.0, 1.0, 0.0]]));
    let square = |w: f64| likelihood::squared_error(&likelihood::given([w, -1.0], &x, &y));
    let entropy = |w: f64| likelihood::cross_entropy(&likelihood::given([w, -1.0], &x, &y));
    // Where it turns: w and the cost there.
    let turns = |cost: &dyn Fn(f64) -> f64| -> Vec<String> {
        let w = |k: usize| (k as f64 - 500.0) / 100.0;
        let falls = |k: usize| cost(w(k)) < cost(w(k - 1));
        let turns = (1..1000).filter(|&k| falls(k) != falls(k + 1));
        turns.map(|k| format!("{:.2} {:.3}", w(k), cost(w(k)))).collect()
    };
    assert_eq!(turns(&square), ["-0.06 0.221", "0.51 0.452", "0.93 0.440"]);
    assert_eq!(turns(&entropy).len(), 1);

    let file = project().join("examples/data/hours_studied_wikipedia.csv");
    let Examples { x, y, .. } = Examples::read_csv(file, None).unwrap();
    let slope = |cost: fn(&[f64]) -> f64| {
        let at = |w: f64| cost(&likelihood::given([w, -4.0777], &x, &y));
        (at(-1.0 + 1e-5) - at(-1.0 - 1e-5)) / 2e-5
    };
    let slopes = [slope(likelihood::cross_entropy), slope(likelihood::squared_error)];
    assert_eq!(slopes.map(|slope| format!("{slope:.1e}")), ["-1.9e0", "-1.9e-3"]);
    let best = [[1.5046, -4.0777], [0.0, 0.0]]
        .map(|p| likelihood::given(p, &x, &y).iter().product::<f64>());
    assert_eq!((best[0] / best[1]).round(), 341.0);

    let second = |z: f64| {
        let a = 1.0 / (1.0 + (-z).exp());
        2.0 * a * (1.0 - a) * (1.0 - a) * (3.0 * a - 1.0)
    };
    for z in [-4.0, -0.7, -0.6, 3.0] {
        let slope = |z: f64| -> f64 {
            let tape = chainrule::scalar::Tape::new();
            let z = tape.var(z);
            (1.0 - z.sigmoid()).powi(2).backward().wrt(z)
        };
        let measured = (slope(z + 1e-4) - slope(z - 1e-4)) / 2e-4;
        assert!((measured - second(z)).abs() < 1e-8 && (second(z) < 0.0) == (z < -(2_f64.ln())));
    }

    let [k, m] = [15.0, 20.0_f64];
    let labels = Tensor::new(1, 20, (0..20).map(|j| f64::from(j < 15)).collect());
    let b = (k / (m - k)).ln();
    assert_eq!(format!("{b:.4}"), "1.0986");
    let at = |b: f64| {
        likelihood::cross_entropy(&likelihood::given([0.0, b], &Tensor::zeros(1, 20), &labels))
    };
    assert!(at(b) < at(b - 1e-3) && at(b) < at(b + 1e-3));
}

#[test]
fn digits_that_are_right_are_counted() {
    for (value, digits) in [(1.234, 16), (1.234 * (1.0 + 0.9e-9), 9), (1.235, 3), (f64::NAN, 0)] {
        assert_eq!(numerics::digits(value, 1.234), digits, "{value}");
    }
}

/// What the README shows of its commands is what they print, with `...` for what is left out.
#[test]
fn the_readme_shows_what_its_commands_print() {
    let text = fs::read_to_string(project().join("README.md")).unwrap();
    let mut shown = 0;
    for example in text.split("```sh\ncargo run").skip(1) {
        let (command, rest) = example.split_once("\n```\n").unwrap();
        let Some(block) = rest.trim_start().strip_prefix("```text\n") else { continue };
        let (block, _) = block.split_once("```").unwrap();
        let printed = answer(&shell_words(command.trim_start_matches(" --"))).unwrap();
        let mut printed = printed.lines().map(comparable);
        for line in block.lines().filter(|line| *line != "...").map(comparable) {
            assert!(printed.any(|other| other == line), "`{command}` does not print: {line}");
        }
        shown += 1;
    }
    assert_eq!(shown, 2);

    // The derivative that it names in place of the wrong one is right.
    let (command, rest) = text.split_once(" dw=-x\n").unwrap();
    let (_, formula) = command.rsplit_once("cargo run -- ").unwrap();
    let (_, rest) = rest.split_once("\nWith `").unwrap();
    let (right, _) = rest.split_once("` the verdict is AGREE.").unwrap();
    let printed = answer(&shell_words(&format!("{formula} {right}"))).unwrap();
    assert!(printed.contains("\nverdict: AGREE\n"), "{printed}");
}

/// The words of a command as a shell splits it, which knows double quotes.
fn shell_words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (k, part) in command.trim().split('"').enumerate() {
        if k % 2 == 1 {
            *words.last_mut().unwrap() += part;
            continue;
        }
        let mut parts = part.split(' ');
        *words.last_mut().unwrap() += parts.next().unwrap();
        words.extend(parts.map(String::from));
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Every command that a page shows is understood, and does what it says.
#[test]
fn commands_of_the_pages_run() {
    let mut count = 0;
    let mut pages = files("docs", "md");
    pages.push(project().join("README.md"));
    for page in pages.iter().filter(|page| !page.ends_with("docs/errors.md")) {
        let text = fs::read_to_string(page).unwrap();
        for command in text.split("cargo run -- ").skip(1) {
            let command = command.split(['`', '\n']).next().unwrap();
            let words = shell_words(command);
            let formula = words.get(1).is_some_and(|word| !word.contains(".csv"));
            if ["check", "step", "explore"].contains(&words[0].as_str()) && formula {
                let words = words.iter().map(|word| word.replace("x.svg", "/dev/null"));
                let words: Vec<String> =
                    words.map(|word| word.replace("page.html", "/dev/null")).collect();
                if words[0] == "step" && !words.iter().any(|word| word == "--svg") {
                    answer(&[words, vec!["--table".into()]].concat()).unwrap();
                } else {
                    answer(&words).unwrap();
                }
                count += 1;
            }
        }
    }
    assert!(count >= 5, "{count}");
}

/// Each module says where it is taught, and the page is there.
#[test]
fn modules_name_their_chapters() {
    let front = fs::read_to_string(project().join("src/lib.rs")).unwrap();
    let shown = front.replace("#[doc(hidden)]\npub mod", "");
    for module in shown.lines().filter_map(|line| line.strip_prefix("pub mod ")) {
        let module = module.trim_end_matches(';');
        let files = [format!("src/{module}.rs"), format!("src/{module}/mod.rs")];
        let text = files.iter().find_map(|file| fs::read_to_string(project().join(file)).ok());
        let text = text.unwrap();
        let head = text.lines().take_while(|line| line.starts_with("//!"));
        let pages: Vec<&str> = head.flat_map(|line| line.split('`')).collect();
        let pages: Vec<&&str> = pages.iter().filter(|page| page.starts_with("docs/")).collect();
        assert!(!pages.is_empty(), "{module} does not say where it is taught");
        for page in pages {
            assert!(project().join(page).exists(), "{module} names {page}");
        }
        assert!(front.contains(&format!("[`{module}`]")), "{module} is not on the front page");
    }
}
