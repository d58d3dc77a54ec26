//! The engine against real servers on loopback: each kind of step, each outcome, each refusal.

mod blocks;
mod dialing;
mod outcomes;
mod preflight;
mod recorded;
mod secrets;
mod sockets;
mod steps;
mod streams;
mod support;
