//! How the command and the examples read their arguments, write their output and end.
//!
//! Not part of the library's interface: the programs of this package share it.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use crate::error::nearest;

/// How a program ended: its exit code, or why it could not do what it was asked for.
pub type Outcome = Result<u8, Box<dyn Error>>;

/// What is wrong with the arguments. How to use the program is said below it.
#[derive(Debug)]
pub struct Usage(pub String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Usage {}

/// Everything went well; where there is a verdict, it is AGREE.
pub const AGREE: u8 = 0;
/// The verdict is DISAGREE, or there is none.
pub const DISAGREE: u8 = 1;
/// The arguments, a formula, a file or the output are at fault.
pub const FAULT: u8 = 2;

/// The whole of a `main`: `program` gets the standard output and the arguments.
///
/// An error is told on stderr. Whoever closes the pipe that is written to, as `| head` does, has
/// seen enough: this is no error.
pub fn run(program: impl FnOnce(&mut StdoutLock<'static>, Arguments) -> Outcome) -> ExitCode {
    let mut out = io::stdout().lock();
    let arguments = Arguments::new(std::env::args_os().skip(1));
    let error = match program(&mut out, arguments).and_then(|code| Ok((code, out.flush()?))) {
        Ok((code, ())) => return ExitCode::from(code),
        Err(error) => error,
    };
    let output = match error.downcast_ref::<io::Error>() {
        Some(closed) if closed.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Some(error) if error.raw_os_error().is_some() => "cannot write the output: ",
        _ => "",
    };
    // Where stderr is closed, too, the exit code has to do.
    let _ = writeln!(io::stderr(), "error: {output}{error}");
    ExitCode::from(FAULT)
}

const LESSON: &str = "A lesson takes no options. Its chapter, of the same name, is in docs/.";

/// The `main` of a lesson, which takes no arguments.
pub fn lesson<E: Into<Box<dyn Error>>>(
    write: impl FnOnce(&mut StdoutLock<'static>) -> Result<(), E>,
) -> ExitCode {
    run(|out, mut arguments| {
        if arguments.help() {
            writeln!(out, "{LESSON}")?;
            return Ok(AGREE);
        }
        arguments.none()?;
        write(out).map(|()| AGREE).map_err(Into::into)
    })
}

/// Writes a file; where that fails, the error names it.
pub fn write_file(path: impl AsRef<Path>, text: &str) -> io::Result<()> {
    let path = path.as_ref();
    // A page may take the place of a page; data were never meant.
    let mut old = String::new();
    let kind = text.len().min(1) as u64; // of HTML and SVG it is the same
    let mut read = || std::fs::File::open(path)?.take(kind).read_to_string(&mut old);
    // A pipe is not read: nobody may ever write to it.
    if path.is_file() && (read().is_err() || !text.starts_with(&old)) {
        let said = format!("cannot write {}: a file of another kind is there", path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, said));
    }
    std::fs::write(path, text).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
    })
}

/// `target/name`, for a picture or a page, in the project where cargo says which it is; the folder
/// is made if it is missing.
pub fn in_target(name: &str) -> io::Result<PathBuf> {
    let project = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let target = project.unwrap_or_default().join("target");
    std::fs::create_dir_all(&target)?;
    Ok(target.join(name))
}

/// Writes a lesson's picture to `target/name`, and says so.
pub fn picture(out: &mut impl Write, name: &str, svg: &str) -> io::Result<()> {
    write_file(in_target(name)?, svg)?;
    writeln!(out, "As a picture, for a browser: target/{name}")
}

/// What was typed behind the program's name. Options are taken out by name; what is left are words.
///
/// An option begins with two hyphens, and its value stands behind it or behind `=`. `--` ends the
/// options.
#[derive(Clone)]
pub struct Arguments {
    words: Vec<OsString>,
    /// Those behind `--`.
    behind: Vec<OsString>,
    /// The options that were asked for, to name the nearest where there is no such option.
    known: Vec<&'static str>,
}

impl Arguments {
    /// The arguments, without the program's name.
    pub fn new(words: impl IntoIterator<Item = OsString>) -> Arguments {
        let mut words: Vec<OsString> = words.into_iter().collect();
        let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
        let behind = words.split_off(end).into_iter().skip(1).collect();
        Arguments { words, behind, known: vec![] }
    }

    /// The first word, unless it is an option.
    pub fn command(&mut self) -> Option<String> {
        let option = self.words.first()?.to_string_lossy().starts_with('-');
        (!option).then(|| self.words.remove(0).to_string_lossy().into_owned())
    }

    /// Whether help is asked for.
    pub fn help(&mut self) -> bool {
        let count = self.words.len();
        self.words.retain(|word| word != "--help" && word != "-h");
        self.words.len() < count
    }

    /// Whether an option without a value is there.
    pub fn flag(&mut self, option: &'static str) -> Result<bool, Usage> {
        self.known.push(option);
        let valued = format!("{option}=");
        if self.words.iter().any(|word| word.to_string_lossy().starts_with(&valued)) {
            return Err(Usage(format!("{option} takes no value: write {option}")));
        }
        let count = self.words.len();
        self.words.retain(|word| word != option);
        Ok(self.words.len() < count)
    }

    /// The values of an option that may be given several times; `kind` says what a value is.
    pub fn paths(&mut self, option: &'static str, kind: &str) -> Result<Vec<OsString>, Usage> {
        self.known.push(option);
        let mut values = vec![];
        let mut words = std::mem::take(&mut self.words).into_iter();
        while let Some(word) = words.next() {
            if word == option {
                let needs = format!("{option} needs {kind}");
                let Some(value) = words.next() else { return Err(Usage(needs)) };
                let text = value.to_string_lossy();
                if text.starts_with("--") {
                    return Err(Usage(format!("{needs}; if {text} is one: {option}={text}")));
                }
                values.push(value);
                continue;
            }
            let text = word.to_str().and_then(|text| text.strip_prefix(option)?.strip_prefix('='));
            match text {
                Some(value) => values.push(value.into()),
                None => self.words.push(word),
            }
        }
        Ok(values)
    }

    /// The values, as text, of an option that may be given several times.
    pub fn values(&mut self, option: &'static str, kind: &str) -> Result<Vec<String>, Usage> {
        self.paths(option, kind)?.into_iter().map(text).collect()
    }

    /// The path behind an option, which may hold any bytes.
    pub fn path(&mut self, option: &'static str, kind: &str) -> Result<Option<PathBuf>, Usage> {
        let paths = self.paths(option, kind)?;
        Ok(at_most_one(option, paths)?.map(PathBuf::from))
    }

    /// The text behind an option.
    pub fn value(&mut self, option: &'static str, kind: &str) -> Result<Option<String>, Usage> {
        let values = self.values(option, kind)?;
        at_most_one(option, values)
    }

    /// The number behind an option.
    pub fn number<T: FromStr>(
        &mut self,
        option: &'static str,
        kind: &str,
    ) -> Result<Option<T>, Usage> {
        let Some(text) = self.value(option, kind)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Usage(format!("{option} needs {kind}, not `{text}`")))
    }

    /// The words that are left, once all options were asked for.
    pub fn words(self) -> Result<Vec<OsString>, Usage> {
        let option = |word: &&OsString| word.to_string_lossy().starts_with("--");
        match self.words.iter().find(option) {
            Some(word) => Err(no_option(&word.to_string_lossy(), &self.known)),
            None => Ok(self.words.into_iter().chain(self.behind).collect()),
        }
    }

    /// Every word as it was typed, for a program with a grammar of its own.
    pub fn all(self) -> impl Iterator<Item = OsString> {
        self.words.into_iter().chain(self.behind)
    }

    /// The file that is left, if there is one.
    pub fn file(self) -> Result<Option<PathBuf>, Usage> {
        let known = self.known.clone();
        let files = self.words()?;
        match files.first().map(|file| file.to_string_lossy()) {
            Some(option) if option.starts_with('-') => Err(no_option(&option, &known)),
            _ => Ok(at_most_one("a file", files)?.map(PathBuf::from)),
        }
    }

    /// Nothing may be left.
    pub fn none(self) -> Result<(), Usage> {
        let Some(word) = self.words()?.into_iter().next() else { return Ok(()) };
        Err(Usage(format!("there is no option {}", word.to_string_lossy())))
    }
}

/// An argument as text.
pub fn text(word: OsString) -> Result<String, Usage> {
    word.into_string().map_err(|word| Usage(format!("{word:?} is not UTF-8")))
}

fn at_most_one<T>(what: impl fmt::Display, mut all: Vec<T>) -> Result<Option<T>, Usage> {
    match all.len() {
        0 | 1 => Ok(all.pop()),
        _ => Err(Usage(format!("{what} can be given once only"))),
    }
}

fn no_option(option: &str, known: &[&'static str]) -> Usage {
    let (option, _) = option.split_once('=').unwrap_or((option, ""));
    Usage(format!("there is no option {option}{}", meant(known, option)))
}

/// Names the word that was probably meant: one that is a letter or two away, or has the typed one as a
/// part.
pub fn meant(known: &[&str], typed: &str) -> String {
    let letters = typed.trim_start_matches('-');
    let part = || known.iter().copied().find(|word| letters.len() > 2 && word.contains(letters));
    let meant = nearest(known, typed).or_else(part);
    meant.map_or(String::new(), |meant| format!("; did you mean {meant}?"))
}
