//! A user's cookies: kept by host and name, sent back to the same host (RFC 6265, host-only).
//!
//! Sharing a cookie among the hosts of a domain is left out on purpose: services of one
//! environment that do share sessions do so by tokens.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::SET_COOKIE;
use url::Url;

/// Most cookies of one user, and most bytes of one: more than any browser keeps of a host
/// (RFC 6265, 6.1). What is beyond is not kept, as a browser would not.
const MOST_COOKIES: usize = 200;
const LONGEST: usize = 8 * 1024;

#[derive(Clone, Debug)]
struct Cookie {
    value: String,
    path: String,
    is_secure: bool,
}

/// One user's cookies.
#[derive(Debug, Default)]
pub(crate) struct Jar {
    cookies: BTreeMap<(String, String), Cookie>,
}

impl Jar {
    /// Takes what an answer sets.
    pub(crate) fn take(&mut self, url: &Url, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            if let Ok(text) = header.to_str() {
                self.set(url, text);
            }
        }
    }

    fn set(&mut self, url: &Url, text: &str) {
        let mut parts = text.split(';');
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let key = (
            url.host_str().unwrap_or_default().to_owned(),
            name.trim().to_owned(),
        );
        let mut cookie = Cookie {
            value: value.trim().to_owned(),
            path: "/".to_owned(),
            is_secure: false,
        };
        let mut is_over = false;
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "path" if value.trim().starts_with('/') => {
                    value.trim().clone_into(&mut cookie.path)
                }
                "secure" => cookie.is_secure = true,
                "max-age" => {
                    is_over = value
                        .trim()
                        .parse::<i64>()
                        .is_ok_and(|seconds| seconds <= 0)
                }
                _ => {}
            }
        }
        if is_over {
            self.cookies.remove(&key);
        } else if text.len() > LONGEST
            || self.cookies.len() >= MOST_COOKIES && !self.cookies.contains_key(&key)
        {
            tracing::warn!(host = %key.0, "a cookie is too large, or one too many, and not kept");
        } else {
            self.cookies.insert(key, cookie);
        }
    }

    /// The value of `cookie` for a request, if there is one to send.
    pub(crate) fn header(&self, url: &Url) -> Option<String> {
        let host = url.host_str().unwrap_or_default();
        let is_tls = matches!(url.scheme(), "https" | "wss");
        let fits =
            |cookie: &Cookie| (is_tls || !cookie.is_secure) && covers(&cookie.path, url.path());
        let pairs: Vec<_> = (self.cookies.iter())
            .filter(|((of, _), cookie)| of == host && fits(cookie))
            .map(|((_, name), cookie)| format!("{name}={}", cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

fn covers(of: &str, path: &str) -> bool {
    path.strip_prefix(of)
        .is_some_and(|rest| of.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jar_is_never_fuller_than_a_browsers() {
        let mut jar = Jar::default();
        let url: Url = "https://api.test/".parse().unwrap();
        for number in 0..1_000 {
            jar.set(&url, &format!("c{number}=v"));
        }
        jar.set(&url, "c0=again");
        jar.set(&url, &format!("c1={}", "v".repeat(10_000)));
        let header = jar.header(&url).unwrap();
        assert_eq!(header.split("; ").count(), MOST_COOKIES);
        assert!(
            header.contains("c0=again") && header.contains("c1=v;"),
            "{header}"
        );
    }

    #[test]
    fn cookies_go_back_to_where_they_came_from() {
        let mut jar = Jar::default();
        let url: Url = "https://api.test/app/login".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.append(
            SET_COOKIE,
            "sid=abc; Path=/app; Secure; HttpOnly".parse().unwrap(),
        );
        headers.append(SET_COOKIE, "old=1; Max-Age=0".parse().unwrap());
        jar.take(&url, &headers);
        assert_eq!(
            jar.header(&"https://api.test/app/x".parse().unwrap()),
            Some("sid=abc".to_owned())
        );
        for elsewhere in [
            "http://api.test/app",
            "https://other.test/app",
            "https://api.test/apple",
        ] {
            assert_eq!(jar.header(&elsewhere.parse().unwrap()), None, "{elsewhere}");
        }
    }
}
