//! What deploy/ and `cargo xtask cluster` promise: the cluster that anyone can start, how processes
//! tell an orchestrator of themselves and leave when they are asked to, the chart, the image.

mod local_cluster;
