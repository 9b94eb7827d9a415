//! Numbers of 106 bits, as unevaluated sums of two `f64` (Dekker 1971), with an exponent of their
//! own so that nothing underflows on the way. The reference for what the crate does in 53 bits.

use std::f64::consts;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `(high + low)·2^power`, with `high` the nearest `f64` to `high + low`, and between 1 and 2.
#[derive(Clone, Copy, Debug)]
pub struct Double {
    high: f64,
    low: f64,
    power: i32,
}

pub const LN_2: Double = Double { high: consts::LN_2, low: 2.3190468138462996e-17, power: 0 };
pub const PI: Double = Double { high: consts::PI, low: 1.2246467991473532e-16, power: 0 };

impl From<f64> for Double {
    fn from(x: f64) -> Double {
        let power = if x.abs() < 1.0 { 100 } else { 0 }; // so that it is not subnormal
        Double::normal(x * 2f64.powi(power), 0.0, -power)
    }
}

/// x + y and what its rounding lost.
fn sum(x: f64, y: f64) -> (f64, f64) {
    let sum = x + y;
    let part = sum - x;
    (sum, (x - (sum - part)) + (y - part))
}

impl Double {
    fn normal(high: f64, low: f64, power: i32) -> Double {
        let (high, low) = sum(high, low);
        if high == 0.0 {
            return Double { high, low, power: -10_000 };
        }
        let exponent = (high.to_bits() >> 52 & 0x7ff) as i32 - 1023;
        let scale = 2f64.powi(-exponent);
        Double { high: high * scale, low: low * scale, power: power + exponent }
    }

    /// The nearest `f64`, a subnormal one too.
    pub fn round(self) -> f64 {
        let power = self.power.clamp(-2000, 2000);
        self.high * 2f64.powi(power / 2) * 2f64.powi(power - power / 2)
    }

    fn times_power_of_two(self, power: i32) -> Double {
        Double { power: self.power + power, ..self }
    }

    /// The same number, written with a larger power.
    fn with_power(self, power: i32) -> Double {
        let scale = 2f64.powi((self.power - power).max(-1000));
        Double { high: self.high * scale, low: self.low * scale, power }
    }

    fn is_less(self, other: f64) -> bool {
        (self - other.into()).high < 0.0
    }

    /// `eˣ − 1` for small x, by its series.
    fn exp_m1_series(self) -> Double {
        let one = Double::from(1.0);
        (1..28).rev().fold(one, |sum, n| one + self * sum / (n as f64 + 1.0).into()) * self
    }

    pub fn exp(self) -> Double {
        let k = (self.round() / LN_2.high).clamp(-4e3, 4e3).round();
        let rest = self - LN_2 * k.into();
        let exp = Double::from(1.0) + rest.exp_m1_series();
        exp.times_power_of_two(k as i32)
    }

    pub fn exp_m1(self) -> Double {
        if self.round().abs() < 0.3 { self.exp_m1_series() } else { self.exp() - 1.0.into() }
    }

    /// One step of Newton's method from the `f64`.
    pub fn ln(self) -> Double {
        let y = Double::from(self.round().ln());
        y + self * (-y).exp() - 1.0.into()
    }

    pub fn ln_1p(self) -> Double {
        let y = Double::from(self.round().ln_1p());
        y + (self - y.exp_m1()) * (-y).exp()
    }

    pub fn sqrt(self) -> Double {
        let y = Double::from(self.round().sqrt());
        y + (self - y * y) / (y * 2.0.into())
    }

    /// sine and cosine, for |x| so small that x is known to its last digits after taking off
    /// multiples of π/2.
    pub fn sin_cos(self) -> (Double, Double) {
        let quarters = (self.round() / (PI.high / 2.0)).round();
        let x = self - PI * (quarters / 2.0).into();
        let square = -(x * x);
        let series = |first: i32| {
            let factor = |n: i32| Double::from((n * (n + 1)) as f64);
            let terms = (0..14).rev().map(|k| factor(first + 2 * k));
            terms.fold(Double::from(1.0), |sum, n| Double::from(1.0) + square * sum / n)
        };
        let (sin, cos) = (x * series(2), series(1));
        match quarters.rem_euclid(4.0) as i32 {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        }
    }

    pub fn atan(self) -> Double {
        let y = Double::from(self.round().atan());
        let (sin, cos) = y.sin_cos();
        y + cos * (self * cos - sin)
    }

    pub fn abs(self) -> Double {
        if self.is_less(0.0) { -self } else { self }
    }
}

impl Add for Double {
    type Output = Double;
    fn add(self, y: Double) -> Double {
        let power = self.power.max(y.power);
        let (x, y) = (self.with_power(power), y.with_power(power));
        let (high, low) = sum(x.high, y.high);
        let (low, lowest) = sum(low, x.low + y.low);
        Double::normal(high, low + lowest, power)
    }
}

impl Neg for Double {
    type Output = Double;
    fn neg(self) -> Double {
        Double { high: -self.high, low: -self.low, power: self.power }
    }
}

impl Sub for Double {
    type Output = Double;
    fn sub(self, y: Double) -> Double {
        self + -y
    }
}

impl Mul for Double {
    type Output = Double;
    fn mul(self, y: Double) -> Double {
        let high = self.high * y.high;
        let low = self.high.mul_add(y.high, -high) + (self.high * y.low + self.low * y.high);
        Double::normal(high, low, self.power + y.power)
    }
}

impl Div for Double {
    type Output = Double;
    fn div(self, y: Double) -> Double {
        let first = Double { high: self.high / y.high, low: 0.0, power: self.power - y.power };
        let rest = self - first * y;
        let second = rest.high / y.high * 2f64.powi((rest.power - self.power).clamp(-1000, 1000));
        Double::normal(first.high, second, first.power)
    }
}
