package dev.ctstream.cli.demo;

import dev.ctstream.cli.ExitCode;
import dev.ctstream.netlink.Links;
import dev.ctstream.netlink.NetlinkException;

/**
 * Brings the loopback interface of this network namespace up and exits. The launcher runs it in the demo's new
 * namespace before the demo's own JVM. If a JVM loads its network library while no interface has an IPv6 address, it
 * never gets IPv6, and Java 25 loads the library before any of our code runs.
 */
final class DemoLoopback {
    private DemoLoopback() {}

    /** Takes no arguments. */
    public static void main(String[] arguments) {
        try {
            Links.bringUp("lo");
        } catch (NetlinkException e) {
            System.err.println("ctstream: " + e.getMessage());
            System.exit(ExitCode.PRIVILEGE);
        }
    }
}
