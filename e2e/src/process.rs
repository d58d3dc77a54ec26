//! A child process that does not outlive its test, and whose output can be waited for.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

mod tree;

/// How long a program may take to say that it is ready; generous, for busy machines.
const READY: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    lines: Receiver<String>,
    said: Said,
    with_descendants: bool,
}

/// Who else may end a process, and where its output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Ctrl-C in the terminal ends it with the test; its output stays in memory.
    WithTest,
    /// Its owner alone ends it, in order, and its output goes to `NAME.log` in this folder.
    Apart(PathBuf),
}

impl Manner {
    /// Starts a program in this manner.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(&self, name: &str, command: &mut Command) -> Result<Process> {
        match self {
            Self::WithTest => Process::start(name, command),
            Self::Apart(logs) => {
                let log = logs.join(format!("{name}.log"));
                Process::start_into(name, command.process_group(0), &log)
            }
        }
    }
}

/// What it printed: in memory, or in a file for programs that run as long as somebody likes.
#[derive(Clone, Debug)]
enum Said {
    Lines(Arc<Mutex<Vec<String>>>),
    File(PathBuf, Arc<File>),
}

impl Said {
    fn keep(&self, line: &str) {
        match self {
            Self::Lines(lines) => lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line.to_owned()),
            // A disk that is full costs log lines, and nothing else.
            Self::File(_, file) => drop(writeln!(&**file, "{line}")),
        }
    }
}

impl Process {
    /// Starts a program; what it prints on either stream is kept.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(name: &str, command: &mut Command) -> Result<Self> {
        Self::begin(name, command, Said::Lines(Arc::default()))
    }

    /// As `start`; what it prints goes to the end of this file.
    ///
    /// # Errors
    /// When it can't be started, or the file can't be written.
    pub fn start_into(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(log);
        let file = file.with_context(|| format!("write {}", log.display()))?;
        Self::begin(name, command, Said::File(log.to_owned(), Arc::new(file)))
    }

    fn begin(name: &str, command: &mut Command, said: Said) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {name}"))?;
        let (sender, lines) = channel();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|out| Box::new(out) as _),
            child.stderr.take().map(|err| Box::new(err) as _),
        ];
        for stream in streams.into_iter().flatten() {
            let (sender, said) = (sender.clone(), said.clone());
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    said.keep(&line);
                    // Nobody waits for lines any more: they are still kept in `said`.
                    let _ = sender.send(line);
                }
            });
        }
        Ok(Self {
            name: name.to_owned(),
            child,
            lines,
            said,
            with_descendants: false,
        })
    }

    /// For a program that starts others: dropped before it has ended, it takes them along.
    #[must_use]
    pub fn with_descendants(mut self) -> Self {
        self.with_descendants = true;
        self
    }

    /// Waits for the first line for which `found` gives something.
    ///
    /// # Errors
    /// When the program ends or stays silent for a minute; its output is in the message.
    pub fn wait_for<T>(&self, found: impl Fn(&str) -> Option<T>) -> Result<T> {
        let until = Instant::now() + READY;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some(value) = found(&line) {
                        return Ok(value);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!(
                        "{} said nothing of what was awaited:\n{}",
                        self.name,
                        self.output()
                    )
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!(
                        "{} ended before it was ready:\n{}",
                        self.name,
                        self.output()
                    )
                }
            }
        }
    }

    /// All that was printed so far, both streams.
    pub fn output(&self) -> String {
        match &self.said {
            Said::Lines(lines) => lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .join("\n"),
            Said::File(path, _) => std::fs::read_to_string(path).unwrap_or_default(),
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// No line is waited for any more; what is printed is kept as before.
    pub fn heard_enough(&mut self) {
        self.lines = channel().1;
    }

    /// SIGTERM: asks for a clean end.
    ///
    /// # Errors
    /// When the system refuses; a program that has ended is no error.
    pub fn ask_to_end(&mut self) -> Result<()> {
        if self.has_ended()?.is_some() {
            return Ok(());
        }
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).with_context(|| format!("ask {} to end", self.name))
    }

    /// SIGKILL, and waits until the kernel has let go of it.
    pub fn kill(&mut self) {
        // An error here says that it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the system can't say.
    pub fn has_ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for the program to end by itself.
    ///
    /// # Errors
    /// When it has not ended in `within`.
    pub fn ended(&mut self, within: Duration) -> Result<ExitStatus> {
        let until = Instant::now() + within;
        let (_open, silence) = channel::<()>();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                bail!(
                    "{} did not end in {within:?}:\n{}",
                    self.name,
                    self.output()
                );
            }
            // Lines are the sign of life to wait on; the pipe closes when the program ends.
            let turn = left.min(Duration::from_millis(50));
            if let Err(RecvTimeoutError::Disconnected) = self.lines.recv_timeout(turn) {
                // Or nobody listens to them any more.
                let _ = silence.recv_timeout(turn);
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Once it has been waited for, its number may be another's.
        if self.with_descendants && matches!(self.has_ended(), Ok(None)) {
            tree::kill(Pid::from_child(&self.child));
        }
        self.kill();
    }
}
