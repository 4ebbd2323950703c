package dev.ctstream.cli;

import dev.ctstream.netlink.ErrorText;
import java.lang.reflect.Proxy;

/**
 * Signal handling. Only {@code sun.misc} offers it; it is called by reflection, because the compiler rejects it with
 * our flags.
 */
public final class Signals {
    private static final String SIGNAL = "sun.misc.Signal";
    private static final String HANDLER = "sun.misc.SignalHandler";

    private Signals() {}

    /** Ignores signals, named without SIG. A signal that the JVM reserves for itself is left unchanged. */
    static void ignore(String... names) {
        try {
            Object ignore = Class.forName(HANDLER).getField("SIG_IGN").get(null);
            for (String name : names) {
                set(name, ignore);
            }
        } catch (ReflectiveOperationException e) {
            System.err.println("ctstream: cannot ignore signals: " + ErrorText.of(e));
        }
    }

    /**
     * Calls {@code action} for each of these signals, on a JVM thread, instead of ending the process.
     *
     * @return restores the previous handlers
     */
    public static Runnable on(Runnable action, String... names) {
        try {
            Class<?> handler = Class.forName(HANDLER);
            Object ours = Proxy.newProxyInstance(
                    Signals.class.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            action.run();
                            return null;
                        }
                        return objectMethod(proxy, method.getName(), arguments);
                    });
            Object[] before = new Object[names.length];
            for (int i = 0; i < names.length; i++) {
                before[i] = set(names[i], ours);
            }
            return () -> restore(names, before);
        } catch (ReflectiveOperationException e) {
            System.err.println("ctstream: cannot handle signals: " + ErrorText.of(e));
            return () -> {};
        }
    }

    private static void restore(String[] names, Object[] handlers) {
        try {
            for (int i = 0; i < names.length; i++) {
                set(names[i], handlers[i]);
            }
        } catch (ReflectiveOperationException e) {
            System.err.println("ctstream: cannot restore signals: " + ErrorText.of(e));
        }
    }

    private static Object set(String name, Object handler) throws ReflectiveOperationException {
        Class<?> signal = Class.forName(SIGNAL);
        Object named = signal.getConstructor(String.class).newInstance(name);
        return signal.getMethod("handle", signal, Class.forName(HANDLER)).invoke(null, named, handler);
    }

    private static Object objectMethod(Object proxy, String method, Object... arguments) {
        return switch (method) {
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "signal handler";
        };
    }
}
