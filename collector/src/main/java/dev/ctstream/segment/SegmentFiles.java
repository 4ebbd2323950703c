package dev.ctstream.segment;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Opens segment files; the spool's file system implements it. Threads: any. */
public interface SegmentFiles {
    /** Opens a file for reading. A link is refused. */
    FileChannel openRead(Path file) throws IOException;

    /** Opens an existing file for writing. A link is refused. */
    FileChannel openWrite(Path file) throws IOException;
}
