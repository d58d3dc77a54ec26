//! The expected status of an exchange: written by the author, a check; else an expectation.

use domain::record::Check;
use suite::model::{ExpectedStatus, Refusal};

use super::{Fault, stated};
use crate::dialer::tls::Distrust;
use crate::recording::Place;
use crate::transport::Broken;

/// What is expected when nothing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Default {
    /// 2xx.
    Success,
    /// 101.
    Switching,
}

/// What came of a connection that was to be refused: a check, and the fault if it was not refused
/// so. `outcome` is the status that was answered, or why nothing was.
pub(crate) fn judge_refusal(
    refusal: Refusal,
    line: u32,
    outcome: Result<u16, &Broken>,
    place: &Place,
) -> (Check, Option<Fault>) {
    let holds = outcome.is_err_and(|broken| is_refused(refusal, broken));
    let actual = match outcome {
        Ok(status) => format!("answered with {status}"),
        Err(broken) => match named(broken) {
            Some(word) => format!("{word} ({broken})"),
            None => broken.to_string(),
        },
    };
    let wanted = format!("refused: {}", refusal.word());
    let written = Place {
        line,
        ..place.clone()
    };
    let fault = (!holds).then(|| {
        let message = format!("expected {wanted}, was {actual}");
        Fault::new("refusal", &written, message).with(wanted.clone(), actual.clone())
    });
    let said = vec![("connection".to_owned(), actual)];
    (
        stated(place, line, wanted.clone(), holds, wanted, said),
        fault,
    )
}

fn is_refused(refusal: Refusal, broken: &Broken) -> bool {
    match (refusal, broken) {
        (Refusal::Connection, Broken::Refused(_))
        | (Refusal::Certificate, Broken::Certificate { .. }) => true,
        (wanted, Broken::Certificate { .. }) => named(broken) == Some(wanted.word()),
        _ => false,
    }
}

/// What an author writes for this refusal.
fn named(broken: &Broken) -> Option<&'static str> {
    let refusal = match broken {
        Broken::Refused(_) => Refusal::Connection,
        Broken::Certificate { distrust, .. } => match distrust {
            Distrust::Expired => Refusal::CertificateExpired,
            Distrust::UnknownIssuer => Refusal::CertificateUnknownIssuer,
            Distrust::WrongHost => Refusal::CertificateWrongHost,
            Distrust::Other => Refusal::Certificate,
        },
        _ => return None,
    };
    Some(refusal.word())
}

/// The check that a written status is, and the fault if it is not as expected.
pub(crate) fn judge(
    expected: &ExpectedStatus,
    default: Default,
    status: u16,
    place: &Place,
) -> (Option<Check>, Option<Fault>) {
    let (holds, wanted) = match (expected, default) {
        (ExpectedStatus::Listed { statuses, .. }, _) => {
            (statuses.contains(&status), any_of(statuses))
        }
        // Judged by `judge_refusal`; an answer is never what is wanted.
        (ExpectedStatus::Refused { refusal, .. }, _) => (false, refusal.word().to_owned()),
        (ExpectedStatus::Default, Default::Success) => {
            ((200..300).contains(&status), "2xx".to_owned())
        }
        (ExpectedStatus::Default, Default::Switching) => (status == 101, "101".to_owned()),
    };
    let written = match expected {
        ExpectedStatus::Listed { line, .. } => Place {
            line: *line,
            ..place.clone()
        },
        ExpectedStatus::Default | ExpectedStatus::Refused { .. } => place.clone(),
    };
    let fault = (!holds).then(|| {
        Fault::new(
            "status",
            &written,
            format!("expected {wanted}, was {status}"),
        )
        .with(wanted.clone(), status.to_string())
    });
    let check = match expected {
        ExpectedStatus::Listed { line, .. } => {
            let actual = vec![("status".to_owned(), status.to_string())];
            Some(stated(
                place,
                *line,
                format!("status: {wanted}"),
                holds,
                wanted,
                actual,
            ))
        }
        ExpectedStatus::Default | ExpectedStatus::Refused { .. } => None,
    };
    (check, fault)
}

fn any_of(statuses: &[u16]) -> String {
    let texts: Vec<_> = statuses.iter().map(u16::to_string).collect();
    texts.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unwritten_status_is_an_expectation_and_no_check() {
        let place = Place::default();
        assert_eq!(
            judge(&ExpectedStatus::Default, Default::Success, 204, &place),
            (None, None)
        );
        let (check, fault) = judge(&ExpectedStatus::Default, Default::Success, 302, &place);
        assert_eq!(check, None);
        assert_eq!(fault.unwrap().reason(), "status: expected 2xx, was 302");
    }

    #[test]
    fn a_written_status_is_a_check_that_reads_the_answer() {
        let expected = ExpectedStatus::Listed {
            statuses: vec![401, 403],
            line: 7,
        };
        let (check, fault) = judge(&expected, Default::Switching, 101, &Place::default());
        assert_eq!(fault.unwrap().message, "expected 401 or 403, was 101");
        let check = check.unwrap();
        assert!(check.is_evidence && !check.held && check.line == 7);
        assert!(
            judge(&expected, Default::Success, 403, &Place::default())
                .1
                .is_none()
        );
    }
}
