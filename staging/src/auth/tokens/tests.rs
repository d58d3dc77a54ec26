//! Good tokens pass; each kind of bad one is refused for its own reason.

use super::*;

const NOW: i64 = 1_800_000_000;

fn tokens() -> Tokens {
    Tokens::new(&[7; 32], HashSet::new())
}

fn claims() -> Claims {
    Claims::new(("u1", "a@example.org"), Kind::Access, NOW, 60)
}

fn refusal(token: &str) -> TokenError {
    tokens()
        .check(token, Kind::Access, NOW, Laxity::default())
        .unwrap_err()
}

#[test]
fn a_token_says_who_it_was_made_for_until_it_expires() {
    let token = tokens().sign(&claims()).unwrap();
    let read = tokens()
        .check(&token, Kind::Access, NOW + 59, Laxity::default())
        .unwrap();
    assert_eq!((read.sub.as_str(), read.exp - read.iat), ("u1", 60));
    let late = tokens().check(&token, Kind::Access, NOW + 60, Laxity::default());
    assert_eq!(late, Err(TokenError::Expired));
}

#[test]
fn a_forged_token_is_refused() {
    let token = tokens().sign(&claims()).unwrap();
    assert_eq!(refusal(&format!("{token}x")), TokenError::Signature);
    let other = Tokens::new(&[8; 32], HashSet::new())
        .sign(&claims())
        .unwrap();
    assert_eq!(refusal(&other), TokenError::Signature);
}

#[test]
fn an_unsigned_token_is_refused() {
    let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"none"}"#);
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims()).unwrap());
    assert_eq!(
        refusal(&format!("{header}.{payload}.")),
        TokenError::Algorithm
    );
}

#[test]
fn wrong_audience_issuer_and_type_are_refused() {
    let sign = |claims: &Claims| tokens().sign(claims).unwrap();
    let foreign = Claims {
        aud: "elsewhere".into(),
        ..claims()
    };
    assert_eq!(refusal(&sign(&foreign)), TokenError::Audience);
    assert_eq!(
        refusal(&sign(&Claims {
            iss: "x".into(),
            ..claims()
        })),
        TokenError::Issuer
    );
    let refresh = Claims::new(("u1", "a@example.org"), Kind::Refresh, NOW, 60);
    assert_eq!(refusal(&sign(&refresh)), TokenError::Kind);
    assert_eq!(refusal("a.b"), TokenError::Malformed);
    assert_eq!(refusal(""), TokenError::Malformed);
}

#[test]
fn a_token_logged_out_is_refused() {
    let tokens = tokens();
    let claims = claims();
    let token = tokens.sign(&claims).unwrap();
    tokens.revoke(claims.jti);
    let answer = tokens.check(&token, Kind::Access, NOW, Laxity::default());
    assert_eq!(answer, Err(TokenError::Revoked));
}

#[test]
fn laxity_leaves_out_one_check_only() {
    let forged = format!("{}x", tokens().sign(&claims()).unwrap());
    let lax = Laxity {
        signature: true,
        ..Laxity::default()
    };
    assert!(tokens().check(&forged, Kind::Access, NOW, lax).is_ok());
    let late = tokens().check(&forged, Kind::Access, NOW + 61, lax);
    assert_eq!(late, Err(TokenError::Expired));
}
