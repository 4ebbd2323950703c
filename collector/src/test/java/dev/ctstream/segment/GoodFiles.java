package dev.ctstream.segment;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Files without the spool's rules about links. */
final class GoodFiles implements SegmentFiles {
    static final GoodFiles FILES = new GoodFiles();

    private GoodFiles() {}

    @Override
    public FileChannel openRead(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    @Override
    public FileChannel openWrite(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.WRITE);
    }
}
