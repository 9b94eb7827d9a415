//! A session in a terminal, with single keys where `stty` is there; or from a pipe.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::process::{Command, Stdio};

use super::{Answer, HELP, Session, fit};
use crate::trace::Trace;

/// How a trace is stepped.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    /// Every frame, one after the other, without asking.
    pub all: bool,
    /// Plain sentences in place of pictures.
    pub linear: bool,
    /// Whether escape sequences may be written, to redraw the frame in its place and for colours,
    /// which mean what they do on the page; `None`: where stdout is a terminal that knows them, and `NO_COLOR` is not set.
    pub color: Option<bool>,
}

/// Steps through `trace`: with single keys in a terminal, with lines where keys cannot be read one
/// by one, with the commands of stdin where that is no terminal.
///
/// # Errors
/// If stdin cannot be read or stdout not be written. A closed pipe is no error.
pub fn run(trace: &Trace, options: Options) -> io::Result<()> {
    let mut screen = Screen::new(Session::new(trace), options);
    let result = if options.all {
        screen.show_all(trace.frames.len())
    } else if !terminals() {
        screen.lines(false)
    } else {
        match Keys::new() {
            Some(keys) => screen.keys(keys),
            None => screen.lines(true),
        }
    };
    match result {
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Whether a person reads and types.
fn terminals() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

struct Screen<'t> {
    session: Session<'t>,
    options: Options,
    escapes: bool,
    /// Whether a person answers each frame; otherwise each stays, and none is drawn over.
    interactive: bool,
    width: usize,
    /// How many lines of the frame are on screen, to be drawn over.
    drawn: usize,
    /// Whether the help stands there in its place.
    covered: bool,
}

impl<'t> Screen<'t> {
    fn new(session: Session<'t>, options: Options) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let able = io::stdout().is_terminal() && !set("NO_COLOR") && !dumb;
        let escapes = options.color.unwrap_or(able);
        let interactive = !options.all && terminals();
        Screen { session, options, escapes, interactive, width: width(), drawn: 0, covered: false }
    }

    fn show_all(&mut self, count: usize) -> io::Result<()> {
        self.show()?;
        for _ in 1..count {
            self.session.answer("n");
            self.show()?;
        }
        Ok(())
    }

    /// Writes the frame, over the last one where that is possible.
    fn show(&mut self) -> io::Result<()> {
        let mut text = match self.options.linear {
            true => self.session.sentence(),
            false => self.session.screen(self.width),
        };
        if self.escapes && !self.options.linear {
            text = coloured(&text);
        }
        let lines = text.lines().count();
        if !self.escapes {
            text.push('\n'); // between one frame and the next
        } else if self.drawn > 0 {
            text = format!("\r\x1b[{}A\x1b[J{text}", self.drawn);
        }
        self.drawn = if self.interactive { lines } else { 0 };
        self.covered = false;
        say(&text)
    }

    /// Writes words below the frame; the help, which would push it out of sight, over it.
    fn words(&mut self, words: &str) -> io::Result<()> {
        if self.covered {
            self.show()?;
        }
        self.covered = words == HELP && self.interactive && self.escapes;
        let foot = self.covered.then_some(" any other key shows the frame again   q quit");
        let lines = words.lines().chain(foot).flat_map(|line| fit(line, self.width));
        let mut text: String = lines.map(|line| line + "\n").collect();
        let count = text.lines().count();
        if self.covered {
            text = format!("\r\x1b[{}A\x1b[J{text}", self.drawn);
            self.drawn = 0;
        }
        self.drawn += if self.interactive { count } else { 0 };
        say(&text)
    }

    /// Does what a command says; false at the end.
    fn obey(&mut self, command: &str) -> io::Result<bool> {
        let asked = self.session.hidden.is_some();
        match self.session.answer(command) {
            Answer::Screen => self.show()?,
            Answer::Words(words) => {
                if asked && self.session.hidden.is_none() {
                    self.show()?; // with the number that was asked for
                }
                self.words(&words)?
            }
            Answer::Quit(words) => {
                say(&words)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Commands from lines. What a person types ends with Enter and stands on the screen already.
    fn lines(&mut self, typed: bool) -> io::Result<()> {
        self.show()?;
        for line in io::stdin().lock().split(b'\n') {
            self.drawn += usize::from(typed);
            // Whatever the encoding, a command that is none is answered.
            if !self.obey(&String::from_utf8_lossy(&line?))? {
                return Ok(());
            }
        }
        let score = self.session.score();
        say(&score)
    }

    /// Commands from single keys.
    fn keys(&mut self, mut keys: Keys) -> io::Result<()> {
        self.show()?;
        let mut typed = String::new(); // a frame's number, or a prediction
        while let Some(key) = keys.next()? {
            let collecting = !typed.is_empty() || self.session.hidden.is_some();
            let command = match key {
                Key::Quit => "q".to_string(),
                Key::Next => "n".to_string(),
                Key::Back => "p".to_string(),
                Key::First => "f".to_string(),
                Key::Last => format!("g {}", self.session.trace.frames.len()),
                Key::Enter if collecting => {
                    say("\n")?;
                    self.drawn += 1;
                    std::mem::take(&mut typed)
                }
                Key::Enter => "n".to_string(),
                Key::Erase => {
                    if typed.pop().is_some() {
                        say("\x08 \x08")?;
                    }
                    continue;
                }
                // A number, such as -1.2e-3, or a command that one belongs to.
                Key::Letter(c)
                    if "gG0123456789.+-".contains(c) || collecting && "e ".contains(c) =>
                {
                    typed.push(c);
                    say(c.encode_utf8(&mut [0; 4]))?;
                    continue;
                }
                Key::Letter(' ') => "n".to_string(),
                Key::Letter(c) => c.to_string(),
            };
            typed.clear();
            if !self.obey(&command)? {
                return Ok(());
            }
        }
        let score = self.session.score();
        say(&score)
    }
}

/// The frame with the colours of the page: forward green, backward purple; this node yellow; a
/// gradient blue above zero and orange below. Each has a word, a bracket or a minus as well.
fn coloured(text: &str) -> String {
    let paint = |code: &str, text: &str| format!("\x1b[{code}m{text}\x1b[0m");
    let by_sign = |number: &str| match number.parse::<f64>() {
        Ok(x) if x > 0.0 => paint("94", number),
        Ok(x) if x < 0.0 => paint("38;5;208", number),
        _ => number.to_string(),
    };
    let (mut done, mut part) = (String::new(), "");
    for line in text.lines() {
        // A part of the frame begins with a word after one space; what belongs to it is indented.
        part = match line.strip_prefix(' ').filter(|line| !line.starts_with(' ')) {
            Some(rest) => rest.split(' ').next().unwrap_or_default(),
            None if line.is_empty() && part != "line" => "",
            None => part,
        };
        let backward = part == "now" && line.starts_with("        ") && {
            let word = line.trim_start().split(' ').next().unwrap_or_default();
            ["upstream", "product"].contains(&word) || word.starts_with('d') && word.contains('/')
        };
        let line = match part {
            "frame" => {
                let line = line.replace("FORWARD ", &paint("32", "FORWARD "));
                line.replace("BACKWARD", &paint("35", "BACKWARD"))
            }
            "tape" | "" => line.replace('[', "\x1b[1;33m[").replace(']', "]\x1b[0m"),
            "gradients" => line.split(' ').map(by_sign).collect::<Vec<_>>().join(" "),
            _ if backward => line.split(' ').map(by_sign).collect::<Vec<_>>().join(" "),
            _ => line.to_string(),
        };
        done += &line;
        done.push('\n');
    }
    done
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// The terminal's width, as it says or as `COLUMNS` does; 80 where neither tells.
fn width() -> usize {
    let size = if io::stdin().is_terminal() { stty(&["size"]) } else { None };
    let columns = size.and_then(|size| size.split(' ').nth(1)?.trim().parse().ok());
    let columns = columns.or_else(|| std::env::var("COLUMNS").ok()?.parse().ok());
    match columns {
        None | Some(0) => 80,
        Some(columns) => columns,
    }
}

/// What `stty` answers; None where there is no such command or no terminal.
fn stty(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("stty");
    let output = command.args(arguments).stdin(Stdio::inherit()).stderr(Stdio::null()).output();
    let output = output.ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

enum Key {
    Letter(char),
    Enter,
    Erase,
    Next,
    Back,
    First,
    Last,
    Quit,
}

/// Keys as they are pressed. The terminal is set back when this is dropped, by a panic as well.
struct Keys {
    before: String,
}

impl Keys {
    /// None where the terminal cannot be set.
    fn new() -> Option<Keys> {
        let before = stty(&["-g"])?.trim().to_string();
        let keys = Keys { before };
        // Without -isig, Ctrl-C arrives as a byte, and can mean quit.
        stty(&["-icanon", "-echo", "-isig", "min", "1", "time", "0"])?;
        Some(keys)
    }

    /// The next key; None at the end of input.
    fn next(&mut self) -> io::Result<Option<Key>> {
        loop {
            let Some(byte) = byte()? else { return Ok(None) };
            return Ok(Some(match byte {
                3 | 4 => Key::Quit, // Ctrl-C, Ctrl-D
                b'\r' | b'\n' => Key::Enter,
                8 | 127 => Key::Erase,
                0x1b => match self.escape()? {
                    Some(key) => key,
                    None => continue,
                },
                b' '..=b'~' => Key::Letter(byte.into()),
                _ => continue,
            }));
        }
    }

    /// An arrow or another key that sends `ESC [ …` or `ESC O …`.
    fn escape(&mut self) -> io::Result<Option<Key>> {
        match byte()? {
            Some(b'[' | b'O') => {}
            Some(3 | 4) => return Ok(Some(Key::Quit)),
            // Esc alone means nothing here; the key after it does.
            Some(byte @ b' '..=b'~') => return Ok(Some(Key::Letter(byte.into()))),
            _ => return Ok(None),
        }
        let mut number = 0;
        loop {
            return Ok(match (byte()?, number) {
                (Some(b'C' | b'B'), _) => Some(Key::Next),
                (Some(b'D' | b'A'), _) => Some(Key::Back),
                // Home and End are H and F, or a number and ~.
                (Some(b'H'), _) | (Some(b'~'), b'1' | b'7') => Some(Key::First),
                (Some(b'F'), _) | (Some(b'~'), b'4' | b'8') => Some(Key::Last),
                (Some(digit @ (b'0'..=b'9' | b';')), _) => {
                    number = digit;
                    continue;
                }
                _ => None,
            });
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        stty(&[&self.before]);
    }
}

fn byte() -> io::Result<Option<u8>> {
    let mut byte = [0];
    loop {
        match io::stdin().lock().read(&mut byte) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(byte[0])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    /// For `tests/suite/stepper.rs`, which runs it in a terminal of its own.
    #[test]
    #[ignore = "needs a terminal"]
    fn a_panic_sets_the_terminal_back() {
        let _keys = super::Keys::new().expect("a terminal");
        panic!("on purpose");
    }
}
