//! Whole grids from real processes: the reference platform, a coordinator, workers, and the CLI.
//!
//! Everything binds a free port on loopback, lives in a temporary folder, and is killed when it is
//! dropped. Tests in `tests/it` say what must happen; nothing here judges.

pub mod answering;
pub mod binaries;
pub mod browser;
pub mod cluster;
pub mod collector;
pub mod far_store;
pub mod fleet;
pub mod follow;
pub mod grid;
pub mod history;
pub mod light;
pub mod matrix;
pub mod measure;
pub mod muster;
pub mod network;
pub mod platform;
pub mod process;
pub mod recompute;
pub mod report;
pub mod s3;
pub mod watch;

pub use fleet::Fleet;
pub use grid::Grid;
pub use muster::Muster;
pub use platform::Platform;
pub use report::Report;
