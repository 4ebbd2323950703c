package dev.ctstream.netlink;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A system call failed, or the kernel refused a request.
 *
 * <p>Its message reads {@code join group 1: EPERM (1) Operation not permitted: <kernel text> (at request byte 20)}.
 */
public final class NetlinkException extends IOException {
    private static final long serialVersionUID = 1L;
    /** {@link #attributeOffset()} when the kernel named no attribute. */
    public static final int NO_OFFSET = -1;

    private final String operation;
    private final int errno;
    private final @Nullable String kernelText;
    private final int attributeOffset;

    /** A failed call for which the kernel gave no text. */
    public NetlinkException(String operation, int errno) {
        this(operation, errno, null, NO_OFFSET);
    }

    /**
     * What failed and why.
     *
     * @param operation what was tried, as a phrase: {@code join group 1}
     * @param errno positive error number
     * @param kernelText the kernel's extended-ack text, or our own explanation
     * @param attributeOffset where the kernel found the fault, in bytes from the start of the request's header, or
     *     {@link #NO_OFFSET}
     */
    public NetlinkException(String operation, int errno, @Nullable String kernelText, int attributeOffset) {
        super(message(operation, errno, kernelText, attributeOffset));
        this.operation = operation;
        this.errno = errno;
        this.kernelText = kernelText;
        this.attributeOffset = attributeOffset;
    }

    private static String message(String operation, int errno, @Nullable String kernelText, int attributeOffset) {
        String message = operation + ": " + Errno.described(errno);
        if (kernelText != null) {
            message += ": " + kernelText;
        }
        return attributeOffset == NO_OFFSET ? message : message + " (at request byte " + attributeOffset + ")";
    }

    /** What was tried. */
    public String operation() {
        return operation;
    }

    /** Positive error number. */
    public int errno() {
        return errno;
    }

    /** The error number's symbol, such as {@code EPERM}. */
    public String errnoName() {
        return Errno.name(errno);
    }

    /** The kernel's extended-ack text; null when it gave none. ctnetlink itself gives none, only its policies do. */
    public @Nullable String kernelText() {
        return kernelText;
    }

    /** Where the kernel found the fault, in bytes from the start of the request's header, or {@link #NO_OFFSET}. */
    public int attributeOffset() {
        return attributeOffset;
    }

    /** The same failure, described by a wider operation. */
    public NetlinkException during(String wider) {
        NetlinkException wrapped = new NetlinkException(wider, errno, kernelText, attributeOffset);
        wrapped.initCause(this);
        return wrapped;
    }
}
