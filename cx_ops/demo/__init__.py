"""The demonstration: a fictional book of customers, or a folder of real ones, lived day by day.

Nothing here writes a decision, a task or an outcome. Deliveries arrive through the doors that a customer's systems
use, the pipeline decides them with the clock of their day, and people work their queues by the services that the
screens call.

    names      words that companies and people are made of
    book       the customers: who they are, and what will become of each (pure)
    fates      how risk, growth and use run towards that (pure)
    words      what a scorer says about it: reasons, facts, talking points (pure)
    morning    the last one: more than one person can take (pure)
    evidence   what happened behind the claims of late (pure)
    scores     the insights that two scorers send on a day (pure)
    feeds      everything else that arrives on a day (pure)
    stories    six customers whose history was written by hand (pure)
    people     who works here; calendars, teams, absences
    days       when things happen on a day (pure)
    arrivals   a delivery on its way through intake
    billing    the weekly file that stopped coming
    doubts     customers, and people there, that a source knows under other names
    sheets     files that somebody brought by hand, with mistakes
    chores     what success managers write down for terms that end (pure)
    doors      a webhook, a pull and a look-up, all switched off
    conduct    how people work their queues
    history    the days in order, for the fictional book
    cdnow      the days in order, for a folder of files
    report     what became of it all
    credentials  log-ins and the token, for the launcher
"""
