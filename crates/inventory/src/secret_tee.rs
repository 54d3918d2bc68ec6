//! Secrets are looked for in what catalogers read, and in what they leave.

use std::io::{self, Read};

use scanyard_secrets::Detector;

/// A file that shows the detector whatever is read of it.
pub struct SecretTee<'a, R> {
    path: &'a str,
    content: R,
    detector: &'a mut Detector,
}

impl<'a, R: Read> SecretTee<'a, R> {
    pub fn new(path: &'a str, content: R, detector: &'a mut Detector) -> Self {
        Self {
            path,
            content,
            detector,
        }
    }

    /// Shows the detector what nobody has read.
    pub fn read_rest(self) -> io::Result<()> {
        self.detector.read_rest(self.path, self.content)
    }
}

impl<R: Read> Read for SecretTee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.detector.feed(self.path, &buffer[..count]);
        Ok(count)
    }
}
