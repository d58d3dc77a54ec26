//! What the process says about itself: lines on standard error, and spans of its own to a collector.
//!
//! `MUSTER_LOG` filters (`info`, `coordinator=debug,h2=off`), `NO_COLOR` takes the colours away.
//! Settings come in as a lookup, so that no test touches the process's environment.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

mod control;

pub use control::{CONTROL, Control};

/// How to write log lines, and where spans go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Telemetry {
    /// Directives as `tracing` knows them.
    pub filter: String,
    pub colour: bool,
    /// One JSON object a line, for machines.
    pub json: bool,
    /// OTLP/gRPC endpoint for the control plane's spans; nowhere when left out.
    pub otlp: Option<String>,
}

/// The text of `MUSTER_LOG` is no filter.
#[derive(Debug, thiserror::Error)]
#[error(
    "MUSTER_LOG is `{text}`, which is not a log filter ({why}); write for example `info` or `coordinator=debug`"
)]
pub struct BadFilter {
    pub text: String,
    pub why: String,
}

impl Telemetry {
    /// Settings from the process's variables; `default` is the filter without `MUSTER_LOG`.
    pub fn from_variables(default: &str, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name: &str| lookup(name).is_some_and(|value| !value.is_empty());
        Self {
            filter: lookup("MUSTER_LOG").unwrap_or_else(|| default.to_owned()),
            colour: !is_set("NO_COLOR") && std::io::stderr().is_terminal(),
            json: lookup("MUSTER_LOG_FORMAT").as_deref() == Some("json"),
            otlp: lookup("OTEL_EXPORTER_OTLP_ENDPOINT").filter(|url| !url.is_empty()),
        }
    }

    /// Starts writing. A second start in one process changes nothing. Spans go out until `Control`
    /// is finished; a collector that can't be spoken to costs a warning, and nothing else.
    pub fn start(&self) -> Result<Control, BadFilter> {
        let filter = EnvFilter::try_new(&self.filter).map_err(|error| BadFilter {
            text: self.filter.clone(),
            why: error.to_string(),
        })?;
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(self.colour);
        let lines = match self.json {
            true => lines.json().with_filter(filter).boxed(),
            false => lines.with_filter(filter).boxed(),
        };
        let (control, refused) = match self.otlp.as_deref().map(Control::to) {
            None => (Control::default(), None),
            Some(Ok(control)) => (control, None),
            Some(Err(why)) => (Control::default(), Some(why)),
        };
        let registry = tracing_subscriber::registry()
            .with(lines)
            .with(control.layer());
        if registry.try_init().is_err() {
            tracing::debug!("log lines are already being written");
        }
        if let Some(why) = refused {
            tracing::warn!(why, "spans of the control plane are not sent");
        }
        Ok(control)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_wins_and_the_filter_comes_from_muster_log() {
        let settings = Telemetry::from_variables("warn", |name| match name {
            "MUSTER_LOG" => Some("debug".to_owned()),
            "NO_COLOR" => Some("1".to_owned()),
            _ => None,
        });
        assert_eq!(settings.filter, "debug");
        assert!(!settings.colour);
        assert_eq!(Telemetry::from_variables("warn", |_| None).filter, "warn");
    }

    #[test]
    fn a_bad_filter_says_what_to_write() {
        let settings = Telemetry {
            filter: "a=b=c".to_owned(),
            ..Telemetry::default()
        };
        let error = settings.start().unwrap_err().to_string();
        assert!(
            error.contains("`a=b=c`") && error.contains("coordinator=debug"),
            "{error}"
        );
    }
}
