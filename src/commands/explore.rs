//! `explore`: a web page to explore a recording with.

use std::io::Write;

use chainrule::program::{AGREE, Arguments, Outcome, Usage, in_target, write_file};
use chainrule::view;

use super::{recordings, typed};

pub const USAGE: &str = "\
usage: cargo run -- explore [\"FORMULA\" [NAME=NUMBER]...] [OPTION]...
Without a formula: one neuron. Without values, a point is chosen.
  --out PAGE.html      where to write the page (default: target/explore.html)
  --constant NAME      takes no gradient
  --file FORMULA.txt   the formula is in a file
  --data FILE.csv      the columns of a file, under their names;
                       read with --drop-incomplete and the like as by model
  --batch              three examples on a tape of matrices";

pub fn run(out: &mut impl Write, mut arguments: Arguments) -> Outcome {
    let batch = arguments.flag("--batch")?;
    let path = arguments.path("--out", "a path")?;
    let page = match typed::read(arguments, false)? {
        Some(_) if batch => return Err(Usage("--batch takes no formula".to_string()).into()),
        Some(typed) => view::html(&typed.trace()?, &typed.text),
        None if batch => view::html(&recordings::batch(), "one node, three examples"),
        None => view::html(&recordings::neuron_as_posted(), "logistic regression as one node"),
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
