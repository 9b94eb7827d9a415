//! All promises of the crate, one module each, in one program: it is linked once.
//!
//! `cargo test --test suite stepper` runs those of one module; docs/architecture.md has the rest.

mod common;
mod examples;

mod accuracy;
mod commands;
mod csv;
mod curvature;
mod deep;
mod diagnosis;
mod edges;
mod engine;
mod error_index;
mod errors;
mod exercises;
mod explorer;
mod extreme_logits;
mod files;
mod formula;
mod judges;
mod layouts;
mod lessons;
mod maximum_likelihood;
mod new_data;
mod outsider;
mod own_rules;
mod places;
mod properties;
mod published;
mod published_defects;
mod run_page;
mod same_bits;
mod slips;
mod softmax;
mod standardize;
mod stepper;
mod trajectories;
mod traps;
mod tries;
mod typed;
mod views;
