def simulate(kp=2.0, ki=0.5, kd=0.1, derivative_filter=0.05, windup_limit=10.0, setpoint=1.0,
             duration=20.0, dt=0.01, plot=False):
    """Simulate a PID controller on a motor.

    kp, ki, kd are the gains; derivative_filter is a time constant in seconds; windup_limit bounds
    the integral. duration and dt are in seconds. Returns the integral of the absolute error.
    """
