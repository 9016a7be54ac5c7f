"""What lab.py does, in parts. Each imports only what stands above it, and the standard library:

    trouble      what went wrong, as the learner is to read it
    places       where things are, and the variables of what runs there
    lock         so that two lab.py never make the same thing at once
    stamp        what the environment is to hold, and whether it does
    steps        programs that are run, and what to say when one fails
    environment  made, filled, brought up to date
    copies       the learner's notebooks
    jupyter      how JupyterLab is started
    hub          what a JupyterHub starts for each learner
    commands     what can be typed behind lab.py

None knows where the course is: lab.py says it. None uses labsupport, which may be what is broken.
"""
