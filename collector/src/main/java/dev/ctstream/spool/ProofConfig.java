package dev.ctstream.spool;

import java.nio.file.Path;

/**
 * That the log of each run is proven.
 *
 * @param keyFile private key; see {@link ProofKeyFile}
 * @param intervalSeconds between two checkpoints while something else is appended than reports and checkpoints
 */
public record ProofConfig(Path keyFile, int intervalSeconds) {}
