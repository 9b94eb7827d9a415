//! What the command `chainrule` can be asked for.

mod check;
mod explore;
mod model;
mod recordings;
mod step;
mod training;
mod typed;

use std::io::{self, Write};

use chainrule::data::Csv;
use chainrule::program::{AGREE, Arguments, Outcome, Usage, meant};

const USAGE: &str = "\
usage: cargo run -- COMMAND ...
  model    train one node on a CSV file and judge its gradients; without a
           command: on the penguins
  step     step through a computation, forwards and back again
  explore  write a web page to explore a computation with
  check    judge a derivative that you found by hand
More: cargo run -- COMMAND --help
Exit code: 0 done, and AGREE; 1 DISAGREE or NOT JUDGED; 2 on a bad argument,
formula or file, or if the output cannot be written.
After `cargo install --path .` it is `chainrule COMMAND ...`, in any folder.";

/// Does what the arguments ask for.
pub fn run(out: &mut impl Write, mut arguments: Arguments) -> Outcome {
    let command = arguments.command();
    let help = arguments.help();
    let (usage, run): (_, fn(_, _) -> _) = match command.as_deref() {
        None if help => return show(out, USAGE),
        Some("help") => return show(out, USAGE),
        None | Some("model") => (model::USAGE, model::run),
        Some("step") => (step::USAGE, step::run),
        Some("explore") => (explore::USAGE, explore::run),
        Some("check") => (check::USAGE, check::run),
        Some(other) => return Err(no_command(other).into()),
    };
    if help {
        return show(out, usage);
    }
    run(out, arguments).map_err(|error| match error.downcast::<Usage>() {
        Ok(wrong) => format!("{wrong}\n{usage}").into(),
        Err(error) => error,
    })
}

/// How a CSV file is read, as far as this can be said for every command.
fn reading(arguments: &mut Arguments) -> Result<Csv, Usage> {
    let header = match (arguments.flag("--header")?, arguments.flag("--no-header")?) {
        (true, true) => {
            return Err(Usage("--header and --no-header exclude each other".to_string()));
        }
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let decimal = arguments.value("--decimal", "a comma or a point")?;
    if decimal.as_ref().is_some_and(|mark| ![",", "."].contains(&mark.as_str())) {
        return Err(Usage("--decimal needs a comma or a point".to_string()));
    }
    let lines = |text: &String| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let numbers = first.parse().ok().zip(last.parse().ok());
        let lines = numbers.map(|(first, last): (usize, usize)| first..=last);
        lines.ok_or_else(|| Usage(format!("--without-lines needs 2 or 1-3, not `{text}`")))
    };
    let without_lines = arguments.values("--without-lines", "lines such as 2 or 1-3")?;
    Ok(Csv {
        header,
        decimal: decimal.and_then(|mark| mark.chars().next()),
        without_lines: without_lines.iter().map(lines).collect::<Result<_, _>>()?,
        not_missing: arguments.values("--not-missing", "a text")?,
        drop_incomplete: arguments.flag("--drop-incomplete")?,
        ..Csv::default()
    })
}

/// A text in lines of at most 80 characters, broken behind `by`.
fn wrapped(out: &mut impl Write, text: &str, by: &str) -> io::Result<()> {
    let mut line = String::new();
    for part in text.split_inclusive(by) {
        let count = line.chars().chain(part.trim_end().chars()).count();
        if count > 80 && !line.trim().is_empty() {
            writeln!(out, "{}", line.trim_end())?;
            line = "  ".to_string();
        }
        line += part;
    }
    writeln!(out, "{line}")
}

fn show(out: &mut impl Write, text: &str) -> Outcome {
    writeln!(out, "{text}")?;
    Ok(AGREE)
}

fn no_command(word: &str) -> String {
    let file = word.contains('.') || std::path::Path::new(word).exists();
    let advice = match file {
        true => format!("; to train on it: cargo run -- model {word}"),
        false => meant(&["model", "step", "explore", "check", "help"], word),
    };
    format!("there is no command {word}{advice}\n{USAGE}")
}
