//! `e^−|x|` and `ln(1 + e)`, from which the sigmoid family is made.
//!
//! `std` has both, but as calls that take one number at a time, and training spends a good part of
//! its time in them. These are plain arithmetic without branches, so that the compiler can work on
//! several numbers at once; they are as exact, and have the same bits on every machine. The
//! coefficients were fitted to Chebyshev's measure in 200-bit arithmetic.

use std::f64::consts::{LN_2, LOG2_E};

/// Added to a number below 2⁵¹ and subtracted again, it rounds it to a whole number. In between, the
/// whole number stands in the lowest bits.
const ROUND: f64 = 1.5 * (1u64 << 52) as f64;

/// `ln 2` in two parts: the product of the first one with a small whole number is exact.
const LN_2_PARTS: [f64; 2] = [0.6931471803691238, 1.9082149292705877e-10];

/// `e^−|x|`, within 1 ULP; 0 from |x| = 745.2 on, NaN for NaN.
///
/// `e^t = 2ᵏ eʳ` with a whole number k and `|r| ≤ ln(2)/2`, where `eʳ = 1 + r + r² q(r)`.
#[inline(always)]
pub fn exp_minus_size(x: f64) -> f64 {
    let t = -x.abs();
    let t = if t < -746.0 { -746.0 } else { t };
    let k = (t * LOG2_E + ROUND) - ROUND;
    let r = (t - k * LN_2_PARTS[0]) - k * LN_2_PARTS[1];
    let r2 = r * r;
    // In pairs, which need not wait for each other.
    let q = (0.5000000000000001 + 0.16666666666666669 * r)
        + r2 * ((0.04166666666662413 + 0.008333333333330062 * r)
            + r2 * ((0.0013888888917213717 + 0.00019841269863053618 * r)
                + r2 * ((2.4801521295954376e-5 + 2.7557268459997064e-6 * r)
                    + r2 * (2.7620088445409746e-7 + 2.510038549551032e-8 * r))));
    // 2ᵏ as a product of two, since 2⁻¹⁰⁷⁵ itself cannot be written.
    let half = (0.5 * k + ROUND) - ROUND;
    (1.0 + (r + r2 * q)) * power_of_two(half) * power_of_two(k - half)
}

/// `2ᵏ` for a whole number k from −1022 to 1023: its exponent, put where a float keeps it.
#[inline(always)]
fn power_of_two(k: f64) -> f64 {
    f64::from_bits((k + (ROUND + 1023.0)).to_bits() << 52)
}

/// `ln(1 + e)` for 0 ≤ e ≤ 1, within 2 ULP.
///
/// Above √2 − 1, `ln(1 + e) = ln 2 + ln((1 + e)/2)`; that leaves `ln(1 + f)` with `|f| < 0.42`, which
/// is `2 artanh(s)` with `s = f/(2 + f)`, hence `f − s (f − s² p(s²))`.
#[inline(always)]
pub fn ln_1p(e: f64) -> f64 {
    let halve = e > 0.41421356237309503;
    let f = if halve { (e - 1.0) * 0.5 } else { e };
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let p = (0.666666666666667 + 0.3999999999989889 * s2)
        + s4 * ((0.28571428626253836 + 0.22222211089379496 * s2)
            + s4 * ((0.1818289243253687 + 0.15331611722055008 * s2) + s4 * 0.14617807153417325));
    let y = f - s * (f - s2 * p);
    if halve { LN_2 + y } else { y }
}
