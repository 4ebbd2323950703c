package dev.ctstream.spool;

import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** A channel without a position of its own: the spool always says where it reads and writes. */
abstract class PositionalChannel extends FileChannel {
    @Override
    public final int read(ByteBuffer into) {
        throw new UnsupportedOperationException();
    }

    @Override
    public final long read(ByteBuffer[] into, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public final int write(ByteBuffer from) {
        throw new UnsupportedOperationException();
    }

    @Override
    public final long write(ByteBuffer[] from, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public final long position() {
        throw new UnsupportedOperationException();
    }

    @Override
    public final FileChannel position(long newPosition) {
        throw new UnsupportedOperationException();
    }

    @Override
    public final long transferTo(long position, long count, WritableByteChannel target) {
        throw new UnsupportedOperationException();
    }

    @Override
    public final long transferFrom(ReadableByteChannel source, long position, long count) {
        throw new UnsupportedOperationException();
    }

    @Override
    public final MappedByteBuffer map(MapMode mode, long position, long size) {
        throw new UnsupportedOperationException();
    }
}
