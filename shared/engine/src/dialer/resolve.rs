//! How a name becomes addresses: a port, so that a test can answer for a name server.
//!
//! An answer is used once, for the connection it was asked for; nothing is cached, because an
//! address that was allowed a minute ago need not be the address of now.

use std::fmt::Debug;
use std::net::IpAddr;

use async_trait::async_trait;

/// Answers with all addresses of a name, in the order to try them.
#[async_trait]
pub trait Resolve: Send + Sync + Debug {
    async fn resolve(&self, name: &str, port: u16) -> Result<Vec<IpAddr>, String>;
}

/// The machine's own resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str, port: u16) -> Result<Vec<IpAddr>, String> {
        let found = tokio::net::lookup_host((name, port))
            .await
            .map_err(|error| error.to_string())?;
        Ok(found.map(|address| address.ip()).collect())
    }
}
