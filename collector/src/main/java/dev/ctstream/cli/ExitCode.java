package dev.ctstream.cli;

/** What the process's exit code says. */
public final class ExitCode {
    /** The command did what it was asked. */
    public static final int OK = 0;
    /** The command failed, or what it checked is not in order. */
    public static final int FAILURE = 1;
    /** Wrong options or configuration; nothing was begun. */
    public static final int USAGE = 2;
    /** No CAP_NET_ADMIN, or a kernel without ctnetlink. */
    public static final int PRIVILEGE = 3;

    private ExitCode() {}
}
