//! A real etcd for tests: its data in a temporary folder, killed when this is dropped.
//!
//! A machine without `etcd` fails the test, with what to install; nothing is skipped.

use std::io::{self, BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A server may be slow to start on a busy machine.
const READY: Duration = Duration::from_secs(60);

/// One member, alone in its cluster.
#[derive(Debug)]
pub struct EtcdServer {
    data: PathBuf,
    port: u16,
    flags: Vec<String>,
    is_apart: bool,
    child: Child,
}

impl EtcdServer {
    /// Starts one on a free port; it answers when this returns. The folder must outlive it.
    pub fn start(data: &Path) -> io::Result<Self> {
        Self::start_with(data, &[])
    }

    /// As `start`, with more flags of etcd.
    pub fn start_with(data: &Path, flags: &[&str]) -> io::Result<Self> {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        Self::begin(data, flags, false)
    }

    /// As `start`; Ctrl-C in a terminal does not reach it, so that its owner may end it last.
    pub fn start_apart(data: &Path) -> io::Result<Self> {
        Self::begin(data, Vec::new(), true)
    }

    fn begin(data: &Path, flags: Vec<String>, is_apart: bool) -> io::Result<Self> {
        let (child, port) = spawn(data, 0, &flags, is_apart)?;
        Ok(Self {
            data: data.to_owned(),
            port,
            flags,
            is_apart,
            child,
        })
    }

    /// Where clients reach it in plaintext.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// As `HOST:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL; `restart` brings it back with the same data.
    pub fn kill(&mut self) {
        // An error here says that it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again, at the same address, over the same data.
    pub fn restart(&mut self) -> io::Result<()> {
        self.kill();
        self.child = spawn(&self.data, self.port, &self.flags, self.is_apart)?.0;
        Ok(())
    }
}

impl Drop for EtcdServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(data: &Path, port: u16, flags: &[String], is_apart: bool) -> io::Result<(Child, u16)> {
    let peer = "http://127.0.0.1:0";
    let mut command = Command::new("etcd");
    if is_apart {
        command.process_group(0);
    }
    let mut child = command
        .args([
            "--name",
            "one",
            "--initial-cluster",
            "one=http://127.0.0.1:0",
        ])
        .args([
            "--listen-peer-urls",
            peer,
            "--initial-advertise-peer-urls",
            peer,
        ])
        .args(["--listen-client-urls", &format!("http://127.0.0.1:{port}")])
        .args([
            "--advertise-client-urls",
            &format!("http://127.0.0.1:{port}"),
        ])
        .args([
            "--logger",
            "zap",
            "--log-level",
            "info",
            "--unsafe-no-fsync",
        ])
        .args(["--enable-grpc-gateway=false"])
        .args(flags)
        .arg("--data-dir")
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|why| {
            let what = "etcd can't be started (on Debian: apt-get install etcd-server)";
            io::Error::new(why.kind(), format!("{what}: {why}"))
        })?;
    match ready(&mut child) {
        Ok(port) => Ok((child, port)),
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(error)
        }
    }
}

/// Waits until it serves clients, and reads on afterwards, so that its pipe never fills.
fn ready(child: &mut Child) -> io::Result<u16> {
    let lines = child.stderr.take();
    let lines = lines.ok_or_else(|| io::Error::other("etcd has no standard error"))?;
    let (found, port) = mpsc::channel();
    std::thread::Builder::new()
        .name("etcd's log".to_owned())
        .spawn(move || {
            let mut last = Vec::new();
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                if let Some(port) = serving(&line) {
                    // Whoever waited may have given up.
                    let _ = found.send(Ok(port));
                }
                last.push(line);
                if last.len() > 5 {
                    last.remove(0);
                }
            }
            let _ = found.send(Err(io::Error::other(format!(
                "etcd ended before it was ready: {}",
                last.join("\n")
            ))));
        })?;
    port.recv_timeout(READY)
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "etcd is not ready after 60 s"))?
}

/// The port of a line that says that clients are served.
fn serving(line: &str) -> Option<u16> {
    let (_, behind) = line.split_once("serving client traffic")?;
    let (_, behind) = behind.split_once("\"address\":\"127.0.0.1:")?;
    let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
