//! JSON Web Tokens with HS256 (RFC 7515, 7519): signing and checking, pure but for the key.
//!
//! The key is random per data directory. The time comes in as a number. What a defect leaves
//! unchecked is said by `Laxity`; the strict default checks everything.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

/// Who signs.
const ISSUER: &str = "reference-auth-service";
/// For whom tokens are.
pub(crate) const AUDIENCE: &str = "reference-platform";

/// The role, and the permission, of administrators.
pub(crate) const ADMIN: &str = "admin";

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Sent with every request.
    Access,
    /// Exchanged for a new pair.
    Refresh,
}

/// The claims of a token; times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    pub(crate) email: String,
    pub(crate) permissions: Vec<String>,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) jti: String,
    /// The session that began with a login; all its tokens die with it.
    pub(crate) sid: String,
    pub(crate) token_type: Kind,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    pub(crate) env: String,
    pub(crate) svc_id: String,
}

impl Claims {
    /// Claims for a user from now on, for as long as the lifetime in seconds says.
    pub(crate) fn new(user: (&str, &str), kind: Kind, now_s: i64, lifetime_s: i64) -> Self {
        Self {
            sub: user.0.to_owned(),
            email: user.1.to_owned(),
            permissions: vec!["read".into(), "write".into()],
            iat: now_s,
            exp: now_s + lifetime_s,
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            jti: Uuid::new_v4().to_string(),
            sid: String::new(),
            token_type: kind,
            kind,
            env: "staging".into(),
            svc_id: "auth".into(),
        }
    }

    /// The same claims for an account of this role, as part of this session.
    pub(crate) fn in_session(mut self, role: &str, sid: &str) -> Self {
        if role == ADMIN {
            self.permissions.push(ADMIN.into());
        }
        sid.clone_into(&mut self.sid);
        self
    }
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("this is not a token")]
    Malformed,
    #[error("tokens are signed with HS256 here")]
    Algorithm,
    #[error("the token's signature is not ours")]
    Signature,
    #[error("the token has expired")]
    Expired,
    #[error("the token was issued by someone else")]
    Issuer,
    #[error("the token is for another audience")]
    Audience,
    #[error("the token is of the wrong type for this")]
    Kind,
    #[error("the token was logged out")]
    Revoked,
}

/// What a defect leaves unchecked; nothing by default.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Laxity {
    pub(crate) signature: bool,
    pub(crate) expiry: bool,
    pub(crate) audience: bool,
    pub(crate) issuer: bool,
}

/// Signs and checks tokens, and remembers which were logged out.
pub(crate) struct Tokens {
    key: hmac::Key,
    revoked: RwLock<HashSet<String>>,
    /// Counts what was revoked, for those who must notice at once.
    news: watch::Sender<u64>,
}

impl Tokens {
    pub(crate) fn new(secret: &[u8], revoked: HashSet<String>) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self {
            key,
            revoked: RwLock::new(revoked),
            news: watch::Sender::new(0),
        }
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, TokenError> {
        let claims = serde_json::to_vec(claims).map_err(|_| TokenError::Malformed)?;
        let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = hmac::sign(&self.key, signed.as_bytes());
        Ok(format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(signature.as_ref())
        ))
    }

    /// The claims of a token that is good at `now_s` for this kind of use.
    pub(crate) fn check(
        &self,
        token: &str,
        kind: Kind,
        now_s: i64,
        lax: Laxity,
    ) -> Result<Claims, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        check_algorithm(header)?;
        if !lax.signature {
            let signature = decoded(signature).map_err(|_| TokenError::Signature)?;
            hmac::verify(&self.key, signed.as_bytes(), &signature)
                .map_err(|_| TokenError::Signature)?;
        }
        let claims: Claims =
            serde_json::from_slice(&decoded(payload)?).map_err(|_| TokenError::Malformed)?;
        judge(&claims, kind, now_s, lax)?;
        if self.is_revoked(&claims) {
            return Err(TokenError::Revoked);
        }
        Ok(claims)
    }

    /// Whether this token, or its session, was logged out.
    pub(crate) fn is_revoked(&self, claims: &Claims) -> bool {
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        revoked.contains(&claims.jti) || revoked.contains(&claims.sid)
    }

    /// From now on the token, or all tokens of the session, with this id are not good.
    pub(crate) fn revoke(&self, id: String) {
        self.revoked
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id);
        self.news.send_modify(|count| *count += 1);
    }

    /// Changes whenever something was revoked.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }
}

fn judge(claims: &Claims, kind: Kind, now_s: i64, lax: Laxity) -> Result<(), TokenError> {
    if claims.iss != ISSUER && !lax.issuer {
        return Err(TokenError::Issuer);
    }
    if claims.aud != AUDIENCE && !lax.audience {
        return Err(TokenError::Audience);
    }
    if claims.exp <= now_s && !lax.expiry {
        return Err(TokenError::Expired);
    }
    if claims.kind != kind || claims.token_type != kind {
        return Err(TokenError::Kind);
    }
    Ok(())
}

fn check_algorithm(header: &str) -> Result<(), TokenError> {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
    }
    let header: Header =
        serde_json::from_slice(&decoded(header)?).map_err(|_| TokenError::Malformed)?;
    if header.alg == "HS256" {
        Ok(())
    } else {
        Err(TokenError::Algorithm)
    }
}

fn decoded(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
mod tests;
