//! The reference platform in the test's own process, for runs that talk to something real.

use staging::{Config, Defect, Platform, Running};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A platform that answers until it is dropped.
pub(crate) struct Target {
    runtime: Runtime,
    running: Option<Running>,
    _folder: TempDir,
    pub(crate) environment: String,
}

impl Target {
    pub(crate) fn start(defects: &[Defect]) -> Self {
        // Another test of this process may have installed it first, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder for the platform");
        let mut config = Config::new(folder.path());
        config.defects = defects.to_vec();
        let runtime = Runtime::new().expect("a runtime");
        let running = runtime
            .block_on(Platform::start(config))
            .expect("the platform starts");
        Self {
            environment: running.environment_file().to_string_lossy().into_owned(),
            runtime,
            running: Some(running),
            _folder: folder,
        }
    }

    /// Takes the platform down; its environment file stays.
    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.stop();
    }
}
