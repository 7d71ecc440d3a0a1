from django.urls import path

from playbooks import views

urlpatterns = [
    path("queue/", views.show_queue, name="queue"),
    path("queue/changes/", views.show_changes, name="queue_changes"),
    path("queue/rows/", views.show_rows, name="queue_rows"),
    path("queue/closed/", views.show_closed, name="closed"),
    path("monitoring/", views.show_watch_list, name="watch_list"),
    path("tasks/new/<uuid:account_id>/", views.new_task, name="new_task"),
    path("tasks/<uuid:task_id>/", views.show_task, name="task"),
    path("tasks/<uuid:task_id>/acknowledge/", views.acknowledge, name="task_acknowledge"),
    path("tasks/<uuid:task_id>/close/", views.close, name="task_close"),
    path("tasks/<uuid:task_id>/hand-over/", views.hand_over, name="task_hand_over"),
    path("tasks/<uuid:task_id>/notes/", views.add_a_note, name="task_note"),
    path("tasks/<uuid:task_id>/reopen/", views.reopen, name="task_reopen"),
    path("tasks/<uuid:task_id>/resume/", views.resume, name="task_resume"),
    path("tasks/<uuid:task_id>/snooze/", views.snooze, name="task_snooze"),
    path("tasks/<uuid:task_id>/steps/<uuid:run_step_id>/", views.tick_step, name="task_step"),
    path("tasks/<uuid:task_id>/wait/", views.wait, name="task_wait"),
    path("team/", views.show_team, name="team"),
    path("team/work/", views.show_work, name="team_work"),
    path("team/people/<uuid:user_id>/", views.show_leaving, name="leave"),
    path("team/people/<uuid:user_id>/hand-over/", views.hand_all_over, name="leave_hand_over"),
    path("team/people/<uuid:user_id>/away/", views.set_away, name="leave_away"),
    path("team/people/<uuid:user_id>/away/<int:absence_id>/end/", views.set_back, name="leave_back"),
    path("team/people/<uuid:user_id>/deactivate/", views.deactivate, name="leave_deactivate"),
    path("team/hand-overs/<uuid:act_id>/undo/", views.undo, name="hand_over_undo"),
    path("team/give/<uuid:task_id>/", views.give, name="team_give"),
]
