//! `explore`: a web page to explore a recording with.

use std::io::Write;

use chainrule::program::{AGREE, Arguments, Outcome, Usage, in_target, write_file};
use chainrule::view;

use super::recordings;

pub const USAGE: &str = "\
usage: cargo run -- explore [--batch] [--out PAGE.html]
  --batch  three examples on a tape of matrices, in place of one neuron
  --out    where to write the page; without it: target/explore.html";

pub fn run(out: &mut impl Write, mut arguments: Arguments) -> Outcome {
    let batch = arguments.flag("--batch")?;
    let path = arguments.path("--out", "a path")?;
    if let Some(word) = arguments.words()?.first() {
        let word = word.to_string_lossy();
        return Err(Usage(format!("to write the page there: --out {word}")).into());
    }
    let page = match batch {
        true => view::html(&recordings::batch(), "one node, three examples"),
        false => view::html(&recordings::neuron_as_posted(), "logistic regression as one node"),
    };
    let path = match path {
        Some(path) => path,
        None => in_target("explore.html")?,
    };
    write_file(&path, &page)?;
    writeln!(out, "wrote {} ({} kB): open it in a browser", path.display(), page.len() / 1000)?;
    writeln!(out, "keys: arrows, Home, End, space bar, and ? to predict")?;
    Ok(AGREE)
}
