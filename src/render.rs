//! WAV in, engine, WAV out.
