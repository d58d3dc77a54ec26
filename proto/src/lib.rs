//! The wire and nothing but the wire: messages generated from `muster/v1/*.proto`.

pub mod v1 {
    tonic::include_proto!("muster.v1");
}
