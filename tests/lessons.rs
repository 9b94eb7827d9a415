//! What a chapter shows is what its example prints.
//!
//! A chapter `docs/NN_name.md` explains `examples/NN_name.rs`. The first block marked `text` after
//! its command is the example's output, word for word; lines that end in `(measured)` may differ in
//! numbers.

use std::fs;
use std::path::{Path, PathBuf};

/// Runs an example as its command without options does.
macro_rules! run {
    (model, $out:expr) => {
        model::answer($out, std::iter::empty()).unwrap()
    };
    (cost_plot, $out:expr) => {
        cost_plot::run($out, false).unwrap()
    };
    ($name:ident, $out:expr) => {
        $name::run($out).unwrap()
    };
}

/// The examples that have a chapter: the module of each is its file.
macro_rules! lessons {
    ($($name:ident: $file:literal),* $(,)?) => {
        $(#[allow(dead_code)] #[path = $file] mod $name;)*

        /// The name of each and what it prints.
        fn outputs() -> Vec<(&'static str, String)> {
            let mut outputs = vec![];
            $({
                let mut out = vec![];
                run!($name, &mut out);
                let name = $file.trim_start_matches("../examples/").trim_end_matches(".rs");
                outputs.push((name, String::from_utf8(out).unwrap()));
            })*
            outputs
        }
    };
}

lessons! {
    slope: "../examples/01_slope.rs",
    by_hand: "../examples/02_by_hand.rs",
    tape: "../examples/03_tape.rs",
    fan_out: "../examples/04_fan_out.rs",
    four_judges: "../examples/05_four_judges.rs",
    architecture: "../examples/06_architecture.rs",
    sigmoid: "../examples/07_sigmoid.rs",
    initialize: "../examples/08_initialize.rs",
    propagate: "../examples/09_propagate.rs",
    optimize: "../examples/10_optimize.rs",
    predict: "../examples/11_predict.rs",
    model: "../examples/12_model.rs",
    cost_plot: "../examples/13_cost_plot.rs",
    own_activation: "../examples/14_own_activation.rs",
    break_it: "../examples/15_break_it.rs",
    cost: "../examples/17_cost.rs",
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn chapters() -> Vec<PathBuf> {
    let all = fs::read_dir(project().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut chapters: Vec<PathBuf> =
        all.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    chapters.sort();
    chapters
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
    let outputs = outputs();
    let numbered = chapters().into_iter().filter_map(|path| {
        let name = path.file_stem()?.to_str()?.to_string();
        name.starts_with(|c: char| c.is_ascii_digit()).then_some((name, path))
    });
    for (name, path) in numbered {
        let chapter = fs::read_to_string(path).unwrap();
        let (_, output) = outputs
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("the list of lessons above lacks {name}"));
        let (_, run) = chapter.split_once(&format!("--example {name}\n")).expect("its command");
        let (_, block) = run.split_once("```text\n").expect("a block of output");
        let (block, _) = block.split_once("```").unwrap();
        let (shown, printed): (Vec<_>, Vec<_>) =
            (block.lines().map(comparable).collect(), output.lines().map(comparable).collect());
        assert_eq!(shown, printed, "{name}: the chapter does not show what the example prints");
        assert!(printed.len() <= 40, "{name} prints {} lines", printed.len());
        for (line, next) in output.lines().zip(output.lines().skip(1)) {
            assert!(line.chars().count() <= 80, "{name}: {line}");
            assert!(!line.starts_with("Try:") || next.starts_with("Next:"), "{name}");
        }
    }
}

/// Every file that a page links to, and every example that it tells to run, is there.
#[test]
fn links_and_commands_lead_somewhere() {
    let mut pages = chapters();
    pages.push(project().join("README.md"));
    let mut checked = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if !file.is_empty() && !link.contains("://") {
                assert!(page.parent().unwrap().join(file).exists(), "{page:?} links to {link}");
                checked += 1;
            }
        }
        for command in text.split("--example ").skip(1) {
            let name: String =
                command.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let file = project().join("examples").join(&name).with_extension("rs");
            assert!(file.exists(), "{page:?} runs {name}");
            checked += 1;
        }
    }
    assert!(checked > 10, "only {checked} were found");
}
