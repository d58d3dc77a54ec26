//! Hosts in a network of the test's own: namespaces of the kernel, joined to the test by links that
//! can be cut in either direction or both.
//!
//! A test enters by running itself again (`again_inside`) in a fresh user and network namespace, in
//! which it may do all this without being root. Needed are Linux, `unshare` and `nsenter` of
//! util-linux, and `ip` of iproute2; where one is refused or missing the test fails and says so.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process::Process;

/// Set for a test that runs inside.
const INSIDE: &str = "MUSTER_TEST_IS_INSIDE";
/// What every host reaches over its second link: the targets' address.
pub const TARGETS: &str = "10.99.0.1";

/// True in the process that `again_inside` started.
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs one test of this program again, in a network of its own.
///
/// # Errors
/// When the kernel or a container forbids it, or the test fails there; the message has its output.
pub fn again_inside(test: &str) -> Result<()> {
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--"])
        .arg(std::env::current_exe()?)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .context("unshare can't be started (on Debian: apt-get install util-linux)")?;
    let said = String::from_utf8_lossy(&ran.stdout);
    ensure!(
        ran.status.success() && said.contains("1 passed"),
        "in namespaces of its own, which need user and network namespaces (a container must allow \
         them) and ip (on Debian: apt-get install iproute2): {}\n{said}\n{}",
        ran.status,
        String::from_utf8_lossy(&ran.stderr)
    );
    // Seen by who looks at the outer test's output.
    println!("{said}");
    Ok(())
}

/// Brings up the loopback of this namespace, and the targets' address on it.
///
/// # Errors
/// When `ip` is missing or refuses.
pub fn prepare() -> Result<()> {
    ip(&["link", "set", "lo", "up"])?;
    ip(&["addr", "add", &format!("{TARGETS}/32"), "dev", "lo"])
}

/// Which packets of a host's first link are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    Both,
    FromHost,
    ToHost,
}

/// A host of its own. Over its first link it reaches this namespace at `gateway`; a second one leads
/// to the targets alone and is never cut.
#[derive(Debug)]
pub struct Host {
    number: u8,
    /// Holds the namespace, which goes with it.
    holder: Process,
}

impl Host {
    /// Hosts of one test have different numbers.
    ///
    /// # Errors
    /// When `ip` is missing or refuses.
    pub fn start(number: u8) -> Result<Self> {
        let up = "ip link set lo up && echo up && exec sleep infinity";
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", up]);
        let holder = Process::start(&format!("host {number}"), &mut command)?;
        holder.wait_for(|line| (line == "up").then_some(()))?;
        let host = Self { number, holder };
        host.link("grid", "77")?;
        host.link("targets", "78")?;
        let way = format!("10.78.{number}.1");
        host.ip(&["route", "add", &format!("{TARGETS}/32"), "via", &way])?;
        Ok(host)
    }

    fn link(&self, name: &str, net: &str) -> Result<()> {
        let (here, number) = (self.device(name), self.number);
        let id = self.holder.id().to_string();
        let peer = ["type", "veth", "peer", "name", name, "netns", &id];
        ip(&[&["link", "add", "name", &here][..], &peer].concat())?;
        let address = format!("10.{net}.{number}.1/30");
        ip(&["addr", "add", &address, "dev", &here])?;
        ip(&["link", "set", &here, "up"])?;
        let address = format!("10.{net}.{number}.2/30");
        self.ip(&["addr", "add", &address, "dev", name])?;
        self.ip(&["link", "set", name, "up"])
    }

    fn device(&self, link: &str) -> String {
        format!("{link}{}", self.number)
    }

    /// Where the host reaches this namespace.
    pub fn gateway(&self) -> String {
        format!("10.77.{}.1", self.number)
    }

    /// A program that will run on the host.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        let namespace = format!("--net=/proc/{}/ns/net", self.holder.id());
        command.arg(namespace).arg("--").arg(program);
        command
    }

    /// Cuts the first link; nobody is told, packets are just lost.
    ///
    /// # Errors
    /// When `ip` refuses.
    pub fn cut(&self, cut: Cut) -> Result<()> {
        self.change(cut, "down", "add")
    }

    /// Mends what `cut` did.
    ///
    /// # Errors
    /// When `ip` refuses.
    pub fn mend(&self, cut: Cut) -> Result<()> {
        self.change(cut, "up", "del")
    }

    fn change(&self, cut: Cut, link: &str, route: &str) -> Result<()> {
        let hole = |end: &str| format!("10.77.{}.{end}/32", self.number);
        match cut {
            Cut::Both => ip(&["link", "set", &self.device("grid"), link]),
            Cut::FromHost => self.ip(&["route", route, "blackhole", &hole("1")]),
            Cut::ToHost => ip(&["route", route, "blackhole", &hole("2")]),
        }
    }

    fn ip(&self, words: &[&str]) -> Result<()> {
        run(self.command("ip").args(words))
    }
}

fn ip(words: &[&str]) -> Result<()> {
    run(Command::new("ip").args(words))
}

fn run(command: &mut Command) -> Result<()> {
    let ran = command
        .output()
        .with_context(|| format!("{command:?} (on Debian: apt-get install iproute2)"))?;
    if !ran.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
    }
    Ok(())
}
