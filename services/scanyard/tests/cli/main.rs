//! The program as its users meet it: arguments in, exit code, standard output and files out.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod advisories;
mod commands;
mod corpus;
mod database;
mod demo;
mod events;
mod full_disk;
mod harbor;
mod hooks;
mod hostile;
mod hygiene;
mod names;
mod pipelines;
mod policies;
mod registries;
mod registry;
mod reports;
mod rescans;
mod sandbox;
mod service;
mod sources;
mod world;
