//! Each "Try:" from 06 on, as a learner does it: the example is edited, compiled and run.
//!
//! The edited copies are a program of their own below `target/`. Those of 01 to 05 are in lessons.rs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::common::{all_tests, project};
use crate::examples::output;

/// An example, what its "Try:" says, the edit, and whether the output then is as foretold.
struct Try {
    example: &'static str,
    says: &'static str,
    edit: [&'static str; 2],
    /// Of what is printed before and after.
    came_true: fn(&str, &str) -> bool,
}

const TRIES: [Try; 19] = [
    Try {
        example: "07_architecture",
        says: "set HIDDEN to 8; the second network then has 33 parameters.",
        edit: ["HIDDEN: usize = 4;", "HIDDEN: usize = 8;"],
        came_true: |before, after| {
            let parameters = |text| numbers(text, "together")[1][0];
            (parameters(before), parameters(after)) == (17.0, 33.0)
        },
    },
    Try {
        example: "08_sigmoid",
        says: "set WIDTH to 1.0; curve A is nearly straight, from 0.269 to 0.731.",
        edit: ["WIDTH: f64 = 8.0;", "WIDTH: f64 = 1.0;"],
        came_true: |_, after| after.contains("A a = sigmoid(z), at the end 0.7311"),
    },
    Try {
        example: "09_initialize",
        says: "change -3.0, 8.0 to 30.0, 0.0; it ends at the same w and b.",
        edit: ["(-3.0, 8.0)]", "(30.0, 0.0)]"],
        came_true: |before, after| {
            let last = |text, start| Some(numbers(text, start).first()?[3..].to_vec());
            let [moved, usual] = [last(after, "w = 30, b =  0 "), last(before, "w = -3, b =  8 ")];
            moved.is_some() && moved == usual
        },
    },
    Try {
        example: "18_softmax",
        says: "set SHIFT to 5.0; e^z no longer overflows, and gives the same a.",
        edit: ["SHIFT: f64 = 1000.0;", "SHIFT: f64 = 5.0;"],
        came_true: |_, after| {
            let row = numbers(after, "Chinstrap ")[0].clone();
            row[1] == row[4] && row[4] == row[5]
        },
    },
    Try {
        example: "20_vanishing",
        says: "set LAYERS to 40; sigmoid's |dW| of layer 1 is below 1e-22.",
        edit: ["LAYERS: usize = 20;", "LAYERS: usize = 40;"],
        came_true: |_, after| numbers(after, "sigmoid ")[0][0] < 1e-22,
    },
    Try {
        example: "17_symmetry",
        says: "set HIDDEN to 30; equal nodes still cannot learn XOR.",
        edit: ["HIDDEN: usize = 3;", "HIDDEN: usize = 30;"],
        came_true: |_, after| {
            let costs = numbers(after, "cost");
            let [zeros, equal, random] = &costs[..] else { return false };
            after.contains("30 tanh nodes") && zeros[1] > 0.6 && equal[1] > 0.4 && random[1] < 0.01
        },
    },
    Try {
        example: "11_propagate",
        says: "in y, set a 1.0 to 0.0; db rises by 1/m = 0.3333333333.",
        edit: ["vec![1.0, 1.0, 0.0]", "vec![1.0, 0.0, 0.0]"],
        came_true: |before, after| {
            let db = |text| numbers(text, "db ")[0][0];
            format!("{:.10}", db(after) - db(before)) == "0.3333333333"
        },
    },
    Try {
        example: "12_optimize",
        says: "change rate 3.0 to 1.0; the cost rises at first, and ends at 0.4015.",
        edit: ["[0.01, 0.5, 3.0]", "[0.01, 0.5, 1.0]"],
        came_true: |_, after| {
            let (_, table) = after.split_once("at three rates").unwrap();
            let cost = |step: &str| numbers(table, step)[0][2];
            cost("1 ") > cost("0 ") && cost("2000 ") == 0.4015
        },
    },
    Try {
        example: "13_predict",
        says: "set MISS to 1; the threshold is 1/2, and cost counts all errors: 9.",
        edit: ["MISS: usize = 10;", "MISS: usize = 1;"],
        came_true: |_, after| {
            let half = numbers(after, "a > 1/2 ").concat();
            matches!(half[..], [missed, alarms, _, cost] if cost == 9.0 && missed + alarms == 9.0)
        },
    },
    Try {
        example: "14_model",
        says: "set LEARNING_RATE to 0.05; the cost falls, more slowly.",
        edit: ["LEARNING_RATE: f64 = 0.5;", "LEARNING_RATE: f64 = 0.05;"],
        came_true: |before, after| {
            let costs = |text| -> Vec<f64> {
                numbers(text, "cost after iteration").iter().map(|line| line[1]).collect()
            };
            let (fast, slow) = (costs(before), costs(after));
            let falls = slow.windows(2).all(|pair| pair[1] < pair[0]);
            falls && fast.iter().zip(&slow).skip(1).all(|(fast, slow)| fast < slow)
        },
    },
    Try {
        example: "15_cost_plot",
        says: "add 20.0 to the rates; its cost falls at once, and ends lowest.",
        edit: ["[0.02, 0.1, 0.5]", "[0.02, 0.1, 0.5, 20.0]"],
        came_true: |_, after| {
            let curves =
                ["A rate", "B rate", "C rate", "D rate"].map(|c| numbers(after, c).concat());
            let [a, b, c, d] = curves.map(|curve| curve.last().copied().unwrap_or(f64::NAN));
            d < a.min(b).min(c)
        },
    },
    Try {
        example: "21_own_activation",
        says: "double the slope in Swish::df; the check says so, the training does not.",
        edit: [
            "s + self.k * x * s * Sigmoid.f(-self.k * x)",
            "2.0 * (s + self.k * x * s * Sigmoid.f(-self.k * x))",
        ],
        came_true: |before, after| {
            let falls = |text| matches!(&numbers(text, "swish ")[0][..], [a, b, ..] if b < a);
            let said = "yours is 2 times the right one";
            falls(before) && falls(after) && after.contains(said) && !before.contains(said)
        },
    },
    Try {
        example: "22_break_it",
        says: "set RATE to 0.01; the cost with w (n,) then jumps up at once: a bug shows.",
        edit: ["RATE: f64 = 0.5;", "RATE: f64 = 0.01;"],
        came_true: |before, after| {
            let rises =
                |text| matches!(&numbers(text, "cost with w (n,)")[0][..], [a, b, _] if b > a);
            !rises(before) && rises(after)
        },
    },
    Try {
        example: "23_numerics",
        says: "set Z to 36.0; all is finite there, and one digit of the loss is right.",
        edit: ["Z: f64 = 40.0;", "Z: f64 = 36.0;"],
        came_true: |before, after| {
            before.contains("is NaN")
                && after.contains("it is 2.220e-16, all is finite; right is 2.320e-16")
        },
    },
    Try {
        example: "24_cost",
        says: "M = 100: some ten times the nodes, and the same number of passes.",
        edit: ["M: usize = 10;", "M: usize = 100;"],
        came_true: |before, after| {
            let rows = |text: &str| -> Vec<Vec<f64>> {
                let forward = |line: &&str| line.contains(" forward, 1 back");
                text.lines().filter(forward).map(numbers_of).collect()
            };
            let (before, after) = (rows(before), rows(after));
            let pairs = before.iter().zip(&after);
            before.len() == 3
                && pairs.into_iter().all(|(few, many)| {
                    (8.0..12.0).contains(&(many[1] / few[1])) && few[3..] == many[3..]
                })
        },
    },
    Try {
        example: "16_two_layers",
        says: "set SEED to 2; 2 hidden nodes learn it as well: the start decides.",
        edit: ["SEED: u64 = 1;", "SEED: u64 = 2;"],
        came_true: |before, after| {
            let cost = |text| *numbers(text, "A, 2 hidden")[0].last().unwrap();
            cost(before) > 0.3 && cost(after) < 0.01
        },
    },
    Try {
        example: "19_curvature",
        says: "in RATES, 1.80 for 1.82; it returns to the minimum as well.",
        edit: ["[1.79, 1.82]", "[1.79, 1.80]"],
        came_true: |before, after| {
            let away = |text| *numbers(text, "3000 steps at rate 1.8")[0].last().unwrap();
            away(before) > 0.01 && away(after) <= 0.000001
        },
    },
    Try {
        example: "06_matrices",
        says: "in B, change 3.0 to 0.0: one entry of dA falls by 3, and dB stays.",
        edit: ["[1.0, 2.0, -1.0, 3.0]", "[1.0, 2.0, -1.0, 0.0]"],
        came_true: |before, after| {
            let gradient = |text: &str, rule| {
                let (_, line) = text.split_once(rule).unwrap();
                numbers_of(&line.lines().next().unwrap().replace(['[', ';', ']'], " "))
            };
            let [old, new] = [before, after].map(|text| gradient(text, "dA = G Bᵀ"));
            let falls = old.iter().zip(&new).filter(|(old, new)| *old - *new == 3.0).count();
            let same = old.iter().zip(&new).filter(|(old, new)| old == new).count();
            let stays = gradient(before, "dB = Aᵀ G") == gradient(after, "dB = Aᵀ G");
            (falls, same) == (1, 5) && stays && !after.contains("DISAGREE")
        },
    },
    Try {
        example: "10_likelihood",
        says: "set LABEL to 0.0: now z = 5 is wrong, and every slope is positive.",
        edit: ["LABEL: f64 = 1.0;", "LABEL: f64 = 0.0;"],
        came_true: |_, after| {
            let rows = numbers(after.split_once("One example").unwrap().1, "");
            let rows: Vec<_> = rows.iter().filter(|row| row.len() == 6).collect();
            let wrong = rows.iter().find(|row| row[0] == 5.0).is_some_and(|row| row[1] < 0.01);
            wrong && rows.len() == 6 && rows.iter().all(|row| row[3] > 0.0 && row[5] >= 0.0)
        },
    },
];

/// The numbers behind `start` in each line that begins with it.
fn numbers(text: &str, start: &str) -> Vec<Vec<f64>> {
    let rest = text.lines().filter_map(|line| line.trim_start().strip_prefix(start));
    rest.map(numbers_of).collect()
}

fn numbers_of(line: &str) -> Vec<f64> {
    let words = line.split(|c: char| c.is_whitespace() || ",=:%".contains(c));
    words.filter_map(|word| word.parse().ok()).collect()
}

/// The example, edited as its "Try:" says.
fn copy(Try { example, says, edit: [from, to], .. }: &Try) -> String {
    let file = project().join("examples").join(example).with_extension("rs");
    let code = fs::read_to_string(file).unwrap();
    assert!(code.contains(&format!("Try:  {says}")), "{example} no longer says: {says}");
    assert_eq!(code.matches(from).count(), 1, "{example}: {from}");
    // Data and pictures stay where they are.
    let code = code.replace("env!(\"CARGO_MANIFEST_DIR\")", &format!("{:?}", project()));
    code.replace("fn main()", "pub fn main()").replace(from, to)
}

/// A program of all edited examples, built: the variable TRY says which of them to run.
fn edited() -> PathBuf {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tries");
    fs::create_dir_all(home.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"tries\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
         chainrule = {{ path = {:?} }}\n[profile.dev]\ndebug = false\nincremental = false\n",
        project()
    );
    write(&home.join("Cargo.toml"), &manifest);
    let (mut modules, mut arms) = (String::new(), String::new());
    for one in &TRIES {
        let example = one.example;
        write(&home.join("src").join(example).with_extension("rs"), &copy(one));
        modules += &format!("#[path = \"{example}.rs\"]\nmod try_{example};\n");
        arms += &format!("        {example:?} => try_{example}::main(),\n");
    }
    let main = format!(
        "#![allow(warnings)]\n{modules}fn main() -> std::process::ExitCode {{\n    \
         match &*std::env::var(\"TRY\").unwrap() {{\n{arms}        _ => panic!(),\n    }}\n}}\n"
    );
    write(&home.join("src/main.rs"), &main);
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--offline"]).current_dir(&home);
    let built = build.env("CARGO_TARGET_DIR", home.join("target")).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    home.join("target/debug/tries")
}

/// Leaves a file alone that says so already: what did not change is not compiled again.
fn write(file: &Path, text: &str) {
    if fs::read_to_string(file).ok().as_deref() != Some(text) {
        fs::write(file, text).unwrap();
    }
}

#[test]
fn every_try_is_an_edit_of_its_example() {
    TRIES.iter().for_each(|one| drop(copy(one)));
}

/// Its copies are compiled anew, which takes longer than all other tests together.
#[test]
fn every_try_has_the_effect_that_it_foretells() {
    if !all_tests() {
        println!("skipped: CHAINRULE_ALL_TESTS=1 compiles and runs them");
        return;
    }
    let edited = edited();
    let hold = |Try { example, says, edit: [from, to], came_true }: &Try| {
        let done = Command::new(&edited).env("TRY", example).current_dir(project()).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{example}: {}", String::from_utf8_lossy(&done.stderr));
        let (before, after) = (output(example), String::from_utf8(done.stdout).unwrap());
        assert!(came_true(&before, &after), "{example}: {from} -> {to}: {says}\n{after}");
        assert!(!came_true(&before, &before), "{example}: it was so without the edit");
    };
    thread::scope(|scope| {
        for one in &TRIES {
            scope.spawn(|| hold(one));
        }
    });
}
